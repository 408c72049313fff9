package io.arvid.evaluate.net;

import org.bytedeco.pytorch.Tensor;

/** Turns images into one feature vector each. */
public interface ImageEncoder extends AutoCloseable {
    /** Features {@code [N, D]} of preprocessed images {@code [N, 3, H, W]}, float32, not normalized. */
    Tensor encode(Tensor images);

    @Override
    void close();
}
