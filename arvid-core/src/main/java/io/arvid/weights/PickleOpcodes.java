package io.arvid.weights;

import java.util.HashMap;
import java.util.Map;

/** Names of the pickle instructions that {@link RestrictedUnpickler} refuses, for its messages (CPython {@code Lib/pickletools.py}). */
final class PickleOpcodes {
    private static final Map<Integer, String> NAMES = new HashMap<>();

    static {
        String byLetter =
                "i INST,o OBJ,P PERSID,I INT,L LONG,F FLOAT,S STRING,V UNICODE,g GET,p PUT,d DICT,l LIST,0 POP,1 POP_MARK,"
                        + "2 DUP,B BINBYTES,C SHORT_BINBYTES";
        for (String entry : byLetter.split(",")) {
            NAMES.put((int) entry.charAt(0), entry.substring(2));
        }
        NAMES.put(0x81, "NEWOBJ");
        NAMES.put(0x82, "EXT1");
        NAMES.put(0x83, "EXT2");
        NAMES.put(0x84, "EXT4");
        NAMES.put(0x8b, "LONG4");
        NAMES.put(0x8e, "BINBYTES8");
        NAMES.put(0x8f, "EMPTY_SET");
        NAMES.put(0x90, "ADDITEMS");
        NAMES.put(0x91, "FROZENSET");
        NAMES.put(0x92, "NEWOBJ_EX");
        NAMES.put(0x96, "BYTEARRAY8");
        NAMES.put(0x97, "NEXT_BUFFER");
        NAMES.put(0x98, "READONLY_BUFFER");
    }

    private PickleOpcodes() {}

    /** The name of {@code opcode}, or its number where it has none. */
    static String name(int opcode) {
        return NAMES.getOrDefault(opcode, "0x%02x, which is no pickle instruction".formatted(opcode));
    }
}
