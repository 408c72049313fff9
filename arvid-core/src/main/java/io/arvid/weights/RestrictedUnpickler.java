package io.arvid.weights;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The part of Python's pickle machine that builds data: dicts, lists, tuples, strings, numbers, booleans and None, plus whatever {@link Globals}
 * admits by name. A pickle is a program; this machine has no instruction that runs code, and refuses by name every opcode and every global that it
 * does not list. Reference: CPython {@code Lib/pickletools.py}.
 *
 * <p>Values: dicts become {@code LinkedHashMap} (in file order), lists and tuples {@code ArrayList}, integers {@code Long} (or {@code BigInteger}
 * where they do not fit), floats {@code Double}. Work and memory are bounded by the bytes read and by {@link #MAX_STEPS}.
 */
final class RestrictedUnpickler {
    /** Ten times the opcodes of the largest known checkpoint. */
    static final int MAX_STEPS = 1_000_000;

    /** The names that a pickle may ask for, and its references to data outside itself. */
    interface Globals {
        /** The value of {@code module.name}, which a pickle may hold or, if it is a {@link Constructor}, call; null where it is not admitted. */
        @Nullable
        Object find(String module, String name);

        /** The object with the persistent id {@code id}. */
        Object persistent(Object id);
    }

    /** A function of plain data that a pickle may call. */
    @FunctionalInterface
    interface Constructor {
        /** The object made of {@code arguments}, which it must not keep; {@code CheckpointException} where they do not fit. */
        Object make(List<Object> arguments);
    }

    /** What stands on the stack for Python's None and for a mark. */
    enum Special {
        NONE,
        MARK
    }

    private final Path file;
    private final ByteBuffer input;
    private final Globals globals;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    /** A machine over {@code input} from its position; {@code file} is for messages. */
    RestrictedUnpickler(Path file, ByteBuffer input, Globals globals) {
        this.file = file;
        this.input = input.order(ByteOrder.LITTLE_ENDIAN);
        this.globals = globals;
    }

    /** Runs one pickle up to its end and returns its value; the input is then positioned behind it. */
    Object read() {
        stack.clear();
        memo.clear();
        try {
            for (int step = 0; step < MAX_STEPS; step++) {
                int opcode = input.get() & 0xff;
                if (opcode == '.') {
                    Object result = pop();
                    if (!stack.isEmpty()) {
                        throw refuse("it leaves " + stack.size() + " values behind");
                    }
                    return result;
                }
                execute(opcode);
            }
        } catch (BufferUnderflowException e) {
            throw refuse("it ends in the middle of an instruction");
        }
        throw refuse("it has more than " + MAX_STEPS + " instructions");
    }

    private void execute(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(input.get() & 0xff);
            case 0x95 -> skipFrameLength(input.getLong());
            case 'N' -> push(Special.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) input.getInt());
            case 'K' -> push((long) (input.get() & 0xff));
            case 'M' -> push((long) (input.getShort() & 0xffff));
            case 0x8a -> push(longOf(bytes(input.get() & 0xff)));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(input.getLong())));
            case 'X' -> push(text(Integer.toUnsignedLong(input.getInt())));
            case 0x8c -> push(text(input.get() & 0xff));
            case 0x8d -> push(text(input.getLong()));
            case 'U' -> push(text(input.get() & 0xff));
            case 'T' -> push(text(Integer.toUnsignedLong(input.getInt())));
            case '(' -> push(Special.MARK);
            case ')', ']' -> push(new ArrayList<>());
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't' -> push(popToMark());
            case '}' -> push(new LinkedHashMap<>());
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popToMark());
            case 's' -> setItems(popTwo());
            case 'u' -> setItems(popToMark());
            case 'q' -> memo.put(input.get() & 0xff, peek());
            case 'r' -> memo.put(input.getInt(), peek());
            case 0x94 -> memo.put(memo.size(), peek());
            case 'h' -> push(remembered(input.get() & 0xff));
            case 'j' -> push(remembered(input.getInt()));
            case 'c' -> push(global(line(), line()));
            case 0x93 -> stackGlobal();
            case 'R' -> reduce();
            case 'b' -> build();
            case 'Q' -> push(globals.persistent(pop()));
            default -> throw refuse("it uses the instruction " + PickleOpcodes.name(opcode));
        }
    }

    private void protocol(int version) {
        if (version > 5) {
            throw refuse("it is written in pickle protocol " + version);
        }
    }

    private void skipFrameLength(long length) {
        if (length < 0 || length > input.remaining()) {
            throw refuse("it has a frame of " + Long.toUnsignedString(length) + " bytes");
        }
    }

    private void tuple(int size) {
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            items.addFirst(pop());
        }
        push(items);
    }

    private void append(List<Object> items) {
        listOnTop("append").addAll(items);
    }

    private void setItems(List<Object> keysAndValues) {
        Map<Object, Object> target = mapOnTop("set items");
        if (keysAndValues.size() % 2 != 0) {
            throw refuse("a dict has a key without a value");
        }
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            Object key = keysAndValues.get(i);
            if (!(key instanceof String || key instanceof Long || key instanceof Boolean || key instanceof Double)) {
                throw refuse("a dict has a key that is neither a string nor a number");
            }
            target.put(key, keysAndValues.get(i + 1));
        }
    }

    private void stackGlobal() {
        Object name = pop();
        Object module = pop();
        if (!(name instanceof String nameText) || !(module instanceof String moduleText)) {
            throw refuse("it asks for a global whose name is not a string");
        }
        push(global(moduleText, nameText));
    }

    private Object global(String module, String name) {
        Object found = globals.find(module, name);
        if (found == null) {
            throw refuse("it asks for " + printable(module + "." + name));
        }
        return found;
    }

    private void reduce() {
        Object arguments = pop();
        Object callable = pop();
        if (!(callable instanceof Constructor constructor) || !(arguments instanceof List<?> list)) {
            throw refuse("it calls something that is no constructor of tensors or dicts");
        }
        push(constructor.make(Collections.unmodifiableList(list)));
    }

    /** Python sets attributes here. State dicts carry only their version table ({@code _metadata}), which nothing reads. */
    private void build() {
        Object state = pop();
        if (!(peek() instanceof Map<?, ?>) || !(state instanceof Map<?, ?>)) {
            throw refuse("it sets attributes of an object that is not a dict");
        }
    }

    private Object remembered(int index) {
        Object value = memo.get(index);
        if (value == null) {
            throw refuse("it recalls value " + index + ", which it never stored");
        }
        return value;
    }

    // ---- the stack

    private void push(Object value) {
        stack.add(value);
    }

    private Object peek() {
        if (stack.isEmpty() || stack.getLast() == Special.MARK) {
            throw refuse("it takes a value from an empty stack");
        }
        return stack.getLast();
    }

    private Object pop() {
        peek();
        return stack.removeLast();
    }

    private List<Object> popTwo() {
        Object second = pop();
        List<Object> pair = new ArrayList<>();
        pair.add(pop());
        pair.add(second);
        return pair;
    }

    private List<Object> popToMark() {
        int mark = stack.lastIndexOf(Special.MARK);
        if (mark < 0) {
            throw refuse("it looks for a mark that is not there");
        }
        List<Object> tail = stack.subList(mark + 1, stack.size());
        List<Object> items = new ArrayList<>(tail);
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    @SuppressWarnings("unchecked")
    private List<Object> listOnTop(String what) {
        if (peek() instanceof ArrayList<?> list) {
            return (List<Object>) list;
        }
        throw refuse("it wants to " + what + " to something that is not a list");
    }

    @SuppressWarnings("unchecked")
    private Map<Object, Object> mapOnTop(String what) {
        if (peek() instanceof LinkedHashMap<?, ?> map) {
            return (Map<Object, Object>) map;
        }
        throw refuse("it wants to " + what + " of something that is not a dict");
    }

    // ---- the input

    private byte[] bytes(long count) {
        if (count < 0 || count > input.remaining()) {
            throw refuse("it announces " + Long.toUnsignedString(count) + " bytes and has " + input.remaining());
        }
        byte[] bytes = new byte[(int) count];
        input.get(bytes);
        return bytes;
    }

    private String text(long byteCount) {
        return new String(bytes(byteCount), StandardCharsets.UTF_8);
    }

    private String line() {
        int start = input.position();
        while (input.get() != '\n') {
            if (input.position() - start > 1000) {
                throw refuse("it asks for a global with a name of more than 1000 bytes");
            }
        }
        byte[] bytes = new byte[input.position() - start - 1];
        input.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Object longOf(byte[] littleEndian) {
        if (littleEndian.length == 0) {
            return 0L;
        }
        byte[] bigEndian = new byte[littleEndian.length];
        for (int i = 0; i < bigEndian.length; i++) {
            bigEndian[i] = littleEndian[littleEndian.length - 1 - i];
        }
        BigInteger value = new BigInteger(bigEndian);
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    private static String printable(String name) {
        return name.replaceAll("[^\\x20-\\x7e]", "?");
    }

    private CheckpointException refuse(String what) {
        return new CheckpointException(
                file,
                "refused at byte " + input.position() + " of its pickle: " + what
                        + "; only tensors, dicts, lists, strings and numbers are loaded, and nothing is ever executed");
    }
}
