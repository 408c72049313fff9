package io.arvid.rollout.sampler;

import io.arvid.tensor.TensorScope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.bytedeco.pytorch.Tensor;

/** The last few tensors of a run, newest first; owns them across scopes. */
final class History implements AutoCloseable {
    private final int capacity;
    private final Deque<Tensor> tensors = new ArrayDeque<>();

    History(int capacity) {
        this.capacity = capacity;
    }

    void add(Tensor tensor) {
        tensors.addFirst(TensorScope.own(tensor));
        if (tensors.size() > capacity) {
            tensors.removeLast().close();
        }
    }

    /** The tensor added {@code back} additions ago. */
    Tensor get(int back) {
        Iterator<Tensor> newestFirst = tensors.iterator();
        for (int i = 0; i < back; i++) {
            newestFirst.next();
        }
        return newestFirst.next();
    }

    @Override
    public void close() {
        tensors.forEach(Tensor::close);
        tensors.clear();
    }
}
