package io.arvid.cli;

import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of verbs that roll out: how keys and values of finished chunks are kept. */
final class KvOptions {
    @Option(
            names = "--kv",
            paramLabel = "MODE",
            description =
                    "How keys and values of finished chunks are kept: ${COMPLETION-CANDIDATES}; as the packed model's"
                            + " plan says where it is not given.")
    private KvQuantization.@Nullable Codes codes;

    @Option(
            names = "--kv-group",
            paramLabel = "N",
            description = "Values that share a step; 128 at eight bits and 64 at fewer where it is not given.")
    private int group;

    @Option(
            names = "--kv-along",
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
            names = "--kv-bits",
            split = ",",
            paramLabel = "BITS",
            description =
                    "Width of the codes of each chunk, the last one for all that follow, such as 16,8,4,4,2; 16 stays as"
                            + " it is.")
    private List<Integer> bits = List.of();

    /** What was asked for, or {@code otherwise}. */
    KvQuantization settings(KvQuantization otherwise) {
        return codes == null ? otherwise : new KvQuantization(codes, group, along, sink, recent, correct, bits);
    }
}
