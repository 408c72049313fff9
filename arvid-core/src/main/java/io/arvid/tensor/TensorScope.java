package io.arvid.tensor;

import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Owner of every native object that this thread makes while the scope is open; closing it frees them all at once.
 *
 * <pre>{@code
 * try (var scope = TensorScope.open()) {
 *     Tensor y = Ops.linear(x, w, b);
 *     return scope.keep(Ops.gelu(y));      // survives: owned by the enclosing scope, or by the caller if there is none
 * }
 * }</pre>
 *
 * <p>Scopes nest; they belong to the thread that opened them. A tensor made outside any scope lives until its owner calls {@code close()}.
 */
public final class TensorScope implements AutoCloseable {
    private final @Nullable PointerScope outer = PointerScope.getInnerScope();
    private final PointerScope scope = new PointerScope();

    private TensorScope() {}

    /** Opens a scope on the current thread. */
    public static TensorScope open() {
        return new TensorScope();
    }

    /** Runs {@code body} in a scope of its own and hands its result to the enclosing scope. */
    public static Tensor run(Supplier<Tensor> body) {
        try (TensorScope scope = open()) {
            return scope.keep(body.get());
        }
    }

    /** Runs {@code body} in a scope of its own; nothing that it makes survives. */
    public static void runAndFree(Runnable body) {
        try (TensorScope scope = open()) {
            body.run();
        }
    }

    /** Makes {@code pointer} survive this scope: it moves to the enclosing scope, or to the caller where there is none. */
    public <P extends Pointer> P keep(P pointer) {
        if (outer != null) {
            outer.attach(pointer);
        } else {
            pointer.retainReference();
        }
        return pointer;
    }

    /** Takes {@code pointer} out of the reach of every scope: its owner must {@code close()} it. Used for weights and caches. */
    public static <P extends Pointer> P own(P pointer) {
        pointer.retainReference();
        return pointer;
    }

    @Override
    public void close() {
        scope.close();
    }
}
