package io.arvid.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Room on the disk for files that are written through a mapping. A file that merely has its size is full of holes, and filling a hole of a mapped file on a full
 * disk kills the process.
 */
public final class DiskBlocks {
    private static final int READ_WRITE = 2;
    private static final int NO_SPACE = 28;
    private static final int TOO_BIG = 27;
    private static final @Nullable MethodHandle OPEN = handle(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final @Nullable MethodHandle ALLOCATE = handle(
            "posix_fallocate",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final @Nullable MethodHandle CLOSE =
            handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private DiskBlocks() {}

    private static @Nullable MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return System.getProperty("os.name").equals("Linux")
                ? linker.defaultLookup()
                        .find(name)
                        .map(symbol -> linker.downcallHandle(symbol, descriptor, options))
                        .orElse(null)
                : null;
    }

    /**
     * Makes {@code file}, where it is not there, and gives it {@code bytes} on the disk; what is in it stays. Where the file system cannot set room aside, it is
     * only looked whether there is enough.
     *
     * @throws IOException where the disk is too full
     */
    public static void reserve(Path file, long bytes) throws IOException {
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                .close();
        int error = bytes == 0 ? 0 : allocate(file, bytes);
        boolean full = error < 0
                ? Files.getFileStore(file).getUsableSpace() < bytes - Files.size(file)
                : error == NO_SPACE || error == TOO_BIG;
        if (full) {
            throw new IOException("the disk has no room for " + bytes + " bytes");
        }
    }

    /** The number of the error, 0 for none, negative where it cannot be asked for. */
    private static int allocate(Path file, long bytes) {
        if (OPEN == null || ALLOCATE == null || CLOSE == null) {
            return -1;
        }
        try (Arena arena = Arena.ofConfined()) {
            int descriptor = (int) OPEN.invokeExact(arena.allocateFrom(file.toString()), READ_WRITE);
            if (descriptor < 0) {
                return -1;
            }
            int error = (int) ALLOCATE.invokeExact(descriptor, 0L, bytes);
            int closed = (int) CLOSE.invokeExact(descriptor);
            return error == 0 || error == NO_SPACE || error == TOO_BIG ? error : -1;
        } catch (Throwable e) {
            throw new IllegalStateException("posix_fallocate", e);
        }
    }
}
