package io.arvid.tensor.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The functions of oneDNN's C interface that arvid calls. Pointers are addresses; handles of oneDNN live until the process ends. */
final class OnednnFunctions {
    private static final int SUCCESS = 0;

    private final SymbolLookup symbols;
    private final Linker linker = Linker.nativeLinker();
    private final MethodHandle execute;
    private final MethodHandle memoryCreate;
    private final MethodHandle memoryDestroy;

    /** The functions in the library {@code file}; {@code IllegalArgumentException} where it cannot be loaded. */
    OnednnFunctions(Path file) {
        this.symbols = SymbolLookup.libraryLookup(file, Arena.global());
        this.execute = handle(
                "dnnl_primitive_execute",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        this.memoryCreate = handle(
                "dnnl_memory_create",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG));
        this.memoryDestroy =
                handle("dnnl_memory_destroy", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    }

    private MethodHandle handle(String name, FunctionDescriptor type) {
        MemorySegment symbol = symbols.find(name)
                .orElseThrow(() -> new IllegalArgumentException("the oneDNN library has no function " + name));
        return linker.downcallHandle(symbol, type);
    }

    /** Calls a function that returns a status, for the calls that happen once; arguments are {@code Long}, {@code Integer} or {@code Float}. */
    void call(String name, Object... arguments) {
        check(name, (int) invoke(name, ValueLayout.JAVA_INT, arguments));
    }

    /** Calls a function whose first parameter receives a handle, and returns that handle. */
    long create(String name, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
            Object[] all = new Object[arguments.length + 1];
            all[0] = handle.address();
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            call(name, all);
            return handle.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Calls a function that returns a pointer or a size. */
    long query(String name, Object... arguments) {
        return (long) invoke(name, ValueLayout.JAVA_LONG, arguments);
    }

    /** Calls a function that returns an int. */
    int number(String name) {
        return (int) invoke(name, ValueLayout.JAVA_INT);
    }

    private Object invoke(String name, MemoryLayout result, Object... arguments) {
        MemoryLayout[] parameters = new MemoryLayout[arguments.length];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = switch (arguments[i]) {
                case Long address -> ValueLayout.JAVA_LONG;
                case Integer number -> ValueLayout.JAVA_INT;
                case Float number -> ValueLayout.JAVA_FLOAT;
                default -> throw new IllegalArgumentException("an argument of " + arguments[i].getClass());
            };
        }
        try {
            return handle(name, FunctionDescriptor.of(result, parameters)).invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw failed(name, e);
        }
    }

    /** Runs {@code primitive} on {@code stream} with {@code count} pairs of argument number and memory at {@code arguments}. */
    void execute(long primitive, long stream, int count, long arguments) {
        try {
            check("dnnl_primitive_execute", (int) execute.invokeExact(primitive, stream, count, arguments));
        } catch (Throwable e) {
            throw failed("dnnl_primitive_execute", e);
        }
    }

    /** A memory object of {@code description} over {@code data}, written to {@code result}. */
    void memory(long result, long description, long engine, long data) {
        try {
            check("dnnl_memory_create", (int) memoryCreate.invokeExact(result, description, engine, data));
        } catch (Throwable e) {
            throw failed("dnnl_memory_create", e);
        }
    }

    /** Frees a memory object, not its data. */
    void destroyMemory(long memory) {
        try {
            check("dnnl_memory_destroy", (int) memoryDestroy.invokeExact(memory));
        } catch (Throwable e) {
            throw failed("dnnl_memory_destroy", e);
        }
    }

    private static RuntimeException failed(String name, Throwable e) {
        return e instanceof RuntimeException known ? known : new IllegalStateException("calling " + name, e);
    }

    private static void check(String name, int status) {
        if (status != SUCCESS) {
            throw new IllegalStateException("oneDNN: " + name + " failed with status " + status);
        }
    }
}
