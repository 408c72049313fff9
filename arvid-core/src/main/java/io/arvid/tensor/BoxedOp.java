package io.arvid.tensor;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** An operator of libtorch that has no Java function of its own, called through the dispatcher: about 5 µs a call. */
final class BoxedOp {
    private final OperatorHandle handle;

    private BoxedOp(OperatorHandle handle) {
        this.handle = handle;
    }

    /** The operator called {@code name}, such as {@code aten::_foo}, in its only form. */
    static BoxedOp named(String name) {
        return new BoxedOp(TensorScope.own(Dispatcher.singleton().findSchemaOrThrow(name, "")));
    }

    /** Its results for all of its parameters, in order: {@code Tensor}, {@code Double}, {@code Boolean}, or null for none. Tensors belong to the open scope. */
    Tensor[] call(@Nullable Object... parameters) {
        IValueVector stack = new IValueVector();
        for (Object parameter : parameters) {
            stack.push_back(
                    switch (parameter) {
                        case null -> new IValue();
                        case Tensor tensor -> new IValue(tensor);
                        case Double number -> new IValue((double) number);
                        case Boolean flag -> new IValue((boolean) flag);
                        default -> throw new IllegalArgumentException("a parameter of " + parameter.getClass());
                    });
        }
        handle.callBoxed(stack);
        Tensor[] results = new Tensor[Math.toIntExact(stack.size())];
        for (int i = 0; i < results.length; i++) {
            results[i] = stack.get(i).toTensor().detach(); // what the stack hands out dies with it
        }
        return results;
    }
}
