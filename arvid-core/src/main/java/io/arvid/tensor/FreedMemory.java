package io.arvid.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** Memory that was freed and that the C library still holds, in holes between what is in use. */
public final class FreedMemory {
    private static final @Nullable MethodHandle TRIM = Linker.nativeLinker()
            .defaultLookup()
            .find("malloc_trim")
            .map(symbol -> Linker.nativeLinker()
                    .downcallHandle(symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)))
            .orElse(null);

    private FreedMemory() {}

    /** Hands it back to the operating system, where the C library is one that can (glibc). */
    public static void giveBack() {
        if (TRIM != null) {
            try {
                int any = (int) TRIM.invokeExact(0L);
            } catch (Throwable e) {
                throw new IllegalStateException("malloc_trim", e);
            }
        }
    }
}
