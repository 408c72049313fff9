package io.arvid.cli;

import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options of verbs that roll out: how keys and values of finished chunks are kept. */
final class KvOptions {
    private static final String MODE = "--kv";
    private static final String GROUP = "--kv-group";
    private static final String ALONG = "--kv-along";
    private static final String BITS = "--kv-bits";

    @Spec(Spec.Target.SELF)
    private @Nullable CommandSpec own;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    @Option(
            names = MODE,
            paramLabel = "MODE",
            description =
                    "How keys and values of finished chunks are kept: ${COMPLETION-CANDIDATES}; as the packed model's"
                            + " plan says where it is not given.")
    private KvQuantization.@Nullable Codes codes;

    @Option(
            names = GROUP,
            paramLabel = "N",
            description = "Values that share a step; 128 at eight bits and 64 at fewer where it is not given.")
    private int group;

    @Option(
            names = ALONG,
            paramLabel = "AXIS",
            description = "What a group runs along: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private GroupedQuantizer.Axis along = GroupedQuantizer.Axis.TOKENS;

    @Option(names = "--kv-sink", paramLabel = "N", description = "First chunks that stay as they are.")
    private int sink;

    @Option(names = "--kv-recent", paramLabel = "N", description = "Newest finished chunks that stay as they are.")
    private int recent;

    @Option(names = "--kv-correct", description = "Take back the share of attention that rounded keys gain.")
    private boolean correct;

    @Option(
            names = BITS,
            split = ",",
            paramLabel = "BITS",
            description =
                    "Width of the codes of each chunk, the last one for all that follow, such as 16,8,4,4,2; 16 stays as"
                            + " it is.")
    private List<Integer> bits = List.of();

    /**
     * What was asked for, or {@code otherwise}.
     *
     * @throws ParameterException where an option would be ignored or does not fit the others
     */
    KvQuantization settings(KvQuantization otherwise) {
        KvQuantization.Codes mode = codes;
        if (mode == null) {
            Usage.refuse(mixee, others(), "needs " + MODE + " MODE");
            return otherwise;
        }
        switch (mode) {
            case NONE -> Usage.refuse(mixee, others(), "is for codes, and " + MODE + " none makes none");
            case QVG -> Usage.refuse(mixee, Stream.of(GROUP, ALONG, BITS), "is for int8, int4 and int2, not for qvg");
            case INT8, INT4, INT2 -> {}
        }
        return Usage.of(mixee, () -> new KvQuantization(mode, group, along, sink, recent, correct, bits));
    }

    /** True where finished chunks are to become codes. */
    boolean isGiven() {
        return codes != null && codes != KvQuantization.Codes.NONE;
    }

    /** Every option but the mode itself. */
    private Stream<String> others() {
        return Objects.requireNonNull(own).options().stream()
                .map(OptionSpec::longestName)
                .filter(name -> !name.equals(MODE));
    }

    /** Refuses, before any work, what {@link #settings} would. */
    void check() {
        settings(KvQuantization.of(KvQuantization.Codes.NONE));
    }
}
