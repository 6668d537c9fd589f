#!/bin/sh
# Random passwords for the containers, and Kafka's cluster id, made before the first start: deploy/secrets.sh [FOLDER]
# What is there is never changed. Without these files Compose refuses to start; there are no default passwords.
#
# The folder admits its owner only (0700). The files in it are 0444, because Compose mounts them with the owner they have here,
# and the containers, which are unprivileged, have another one.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # keep NAME TEXT: written beside and linked, so that a file is whole or absent, and never replaced
    [ -e "$folder/$1" ] && return
    printf '%s' "$2" >"$folder/.$1.new"
    chmod 444 "$folder/.$1.new"
    ln "$folder/.$1.new" "$folder/$1" 2>/dev/null && printf 'made %s\n' "$folder/$1"
    rm -f "$folder/.$1.new"
}

# Not the image's id, which everybody has: by the id a service knows that it is not another installation's Kafka it talks to.
# Only an empty volume takes it; one that was used before keeps the id it has.
keep kafka.env "CLUSTER_ID=$(head -c 16 /dev/urandom | base64 | tr '+/' 'Kk' | tr -d '=\n')
"
keep postgres_password "$(random)"
keep owner_database "postgresql://{service}_owner:$(random)@postgres:5432/{service}"
for service in intake funding reporting; do
    keep "${service}_database" "postgresql://{service}:$(random)@postgres:5432/{service}"
done
