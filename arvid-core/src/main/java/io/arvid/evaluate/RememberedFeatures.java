package io.arvid.evaluate;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Features by another network; those of the references, which every comparison asks for, are computed once. */
public final class RememberedFeatures implements VideoFeatures {
    /** Which part of a reference: the frames where its chunks start. */
    private record Known(List<Integer> starts, List<float[]> features) {}

    private final VideoFeatures network;
    private final List<Tensor> references;
    private final Map<Tensor, Known> known = new IdentityHashMap<>();

    /** Remembers the features of {@code references} by {@code network}, which the caller closes. */
    public RememberedFeatures(VideoFeatures network, List<Tensor> references) {
        this.network = network;
        this.references = references;
    }

    @Override
    public List<float[]> ofWholeAndChunks(Tensor video, List<Integer> starts) {
        if (references.stream().noneMatch(reference -> reference == video)) {
            return network.ofWholeAndChunks(video, starts);
        }
        Known found = known.get(video);
        if (found == null || !found.starts().equals(starts)) {
            found = new Known(starts, network.ofWholeAndChunks(video, starts));
            known.put(video, found);
        }
        return found.features();
    }

    @Override
    public float[] of(Tensor video) {
        return network.of(video);
    }

    @Override
    public String id() {
        return network.id();
    }

    @Override
    public int fewestFrames() {
        return network.fewestFrames();
    }

    @Override
    public void close() {}
}
