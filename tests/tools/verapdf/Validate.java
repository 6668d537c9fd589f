import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Validates PDF files: Validate 3a,ua1 FILE...
 * Prints one tab-separated line per rule broken (file, flavour, rule, how often, message), and per file and flavour
 * one line "file flavour CHECKED number-of-checks", so that a run that checked nothing cannot pass for a good one.
 */
public class Validate {
    private static final int MAX_FAILURES_PER_RULE = 20;

    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("").setLevel(Level.SEVERE);
        VeraGreenfieldFoundryProvider.initialise();
        for (int i = 1; i < arguments.length; i++) {
            for (String flavour : arguments[0].split(",")) {
                validate(arguments[i], flavour);
            }
        }
    }

    private static void validate(String path, String id) throws Exception {
        PDFAFlavour flavour = PDFAFlavour.byFlavourId(id);
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(path), flavour);
             PDFAValidator validator =
                 Foundries.defaultInstance().createValidator(flavour, MAX_FAILURES_PER_RULE, false, true, false)) {
            ValidationResult result = validator.validate(parser);
            Map<String, String> messages = new LinkedHashMap<>();
            Map<String, Integer> counts = new LinkedHashMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    String rule = assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber();
                    messages.putIfAbsent(rule, assertion.getMessage() + " | " + assertion.getLocation().getContext());
                    counts.merge(rule, 1, Integer::sum);
                }
            }
            for (Map.Entry<String, String> each : messages.entrySet()) {
                print(path, id, each.getKey(), counts.get(each.getKey()).toString(), each.getValue());
            }
            if (!result.isCompliant() && messages.isEmpty()) {
                print(path, id, "not compliant", "1", "no rule named");
            }
            print(path, id, "CHECKED", Integer.toString(result.getTotalAssertions()), "");
        }
    }

    private static void print(String... fields) {
        for (int i = 0; i < fields.length; i++) {
            fields[i] = fields[i].replaceAll("[\\t\\r\\n]+", " ");
        }
        System.out.println(String.join("\t", fields));
    }
}
