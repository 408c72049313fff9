package io.arvid.rollout.train.world;

import java.util.stream.Collectors;

/**
 * Which combinations of shapes training never sees: one in {@value #ONE_IN}, by a hash of the shapes' phrases.
 *
 * <p>The background and the order of the shapes do not enter, so a combination is held out on every background and in both orders.
 */
final class HeldOut {

    static final int ONE_IN = 16;

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private HeldOut() {}

    static boolean contains(SceneDescription scene) {
        String phrases =
                scene.shapes().stream().map(PromptGrammar::phraseOf).sorted().collect(Collectors.joining(" and "));
        return Long.remainderUnsigned(stableHash(phrases), ONE_IN) == 0;
    }

    /** FNV-1a over the characters, then the finalizer of MurmurHash3, because the low bits of FNV alone are weak. */
    private static long stableHash(String text) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * FNV_PRIME;
        }
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }
}
