package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.URL;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/**
 * The oneDNN library of this process. libtorch has oneDNN inside, but only reaches it with one scale for the whole input, into memory that it allocates
 * anew for each product; {@code docs/adr/0003-onednn-directly.md} says why that is not enough.
 */
public final class Onednn {
    private static final String FOLDER = "/org/bytedeco/dnnl/";
    private static final Map<String, String> FILES =
            Map.of("linux-x86_64", "libdnnl.so.3", "windows-x86_64", "dnnl.dll", "macosx-x86_64", "libdnnl.3.dylib");
    private static final int CPU = 1;

    /** Either the library or why there is none. */
    private record Found(@Nullable Onednn library, String absence) {}

    private static final class Holder {
        static final Found FOUND = load();
    }

    private final OnednnFunctions functions;
    private final long engine;
    private final Isa isa;
    private final @Nullable MethodHandle setThreads;
    private final ThreadLocal<Workspace> workspace;
    private final Map<Matmul.Key, Matmul> matmuls = new ConcurrentHashMap<>();
    private final Map<WeightLayout.Key, WeightLayout> layouts = new ConcurrentHashMap<>();

    private Onednn(OnednnFunctions functions) {
        this.functions = functions;
        this.engine = functions.create("dnnl_engine_create", CPU, 0L);
        this.isa = Isa.of(functions.number("dnnl_get_effective_cpu_isa"));
        this.setThreads = openMpThreads();
        this.workspace = ThreadLocal.withInitial(() -> new Workspace(functions, engine));
    }

    private static Found load() {
        Torch.threads(); // libtorch brings the OpenMP runtime that oneDNN shares with it
        String platform = Loader.getPlatform();
        String file = FILES.get(platform);
        URL resource = file == null ? null : Onednn.class.getResource(FOLDER + platform + "/" + file);
        if (resource == null) {
            return new Found(null, "no oneDNN library for " + platform + " is on the class path");
        }
        try {
            return new Found(
                    new Onednn(
                            new OnednnFunctions(Loader.cacheResource(resource).toPath())),
                    "");
        } catch (IOException | RuntimeException | LinkageError e) {
            return new Found(null, "the oneDNN library cannot be loaded: " + e.getMessage());
        }
    }

    private static @Nullable MethodHandle openMpThreads() {
        try {
            return SymbolLookup.libraryLookup("libgomp.so.1", Arena.global())
                    .find("omp_set_num_threads")
                    .map(symbol -> Linker.nativeLinker()
                            .downcallHandle(symbol, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT)))
                    .orElse(null);
        } catch (IllegalArgumentException e) {
            return null; // another OpenMP runtime: its own number of threads stays
        }
    }

    /** The library, if this machine has one. */
    public static Optional<Onednn> find() {
        return Optional.ofNullable(Holder.FOUND.library());
    }

    /** Why {@link #find} finds nothing. */
    public static String absence() {
        return Holder.FOUND.absence();
    }

    /** What oneDNN may use of this processor; the environment variable {@code ONEDNN_MAX_CPU_ISA} limits it. */
    public Isa isa() {
        return isa;
    }

    /** Threads that oneDNN and libtorch may use for one operation when it is called from this thread. */
    public void setThreads(int threads) {
        if (setThreads != null) {
            try {
                setThreads.invokeExact(threads);
            } catch (Throwable e) {
                throw new IllegalStateException("omp_set_num_threads", e);
            }
        }
    }

    /** True where this process has the library and {@link #multiplies} holds. */
    public static boolean isFast(DTypes type) {
        return find().map(onednn -> onednn.multiplies(type)).orElse(false);
    }

    /** True where it multiplies floating-point numbers of {@code type} in the processor's vectors or tiles, without converting them. */
    public boolean multiplies(DTypes type) {
        return switch (type) {
            case F32 -> isa != Isa.OTHER;
            case BF16 -> isa.multipliesBf16();
            default -> false;
        };
    }

    /** How oneDNN wants weights {@code [out, in]} of {@code type} to lie in memory. */
    public WeightLayout weightLayout(DTypes type, int inFeatures, int outFeatures) {
        return layouts.computeIfAbsent(
                new WeightLayout.Key(type, inFeatures, outFeatures), key -> new WeightLayout(functions, engine, key));
    }

    /** The product of {@code key}; made once. */
    public Matmul matmul(Matmul.Key key) {
        return matmuls.computeIfAbsent(
                key,
                k -> new Matmul(
                        this, functions, engine, k, weightLayout(k.weights(), k.inFeatures(), k.outFeatures())));
    }

    /** This thread's stream and scratch memory. */
    Workspace workspace() {
        return workspace.get();
    }
}
