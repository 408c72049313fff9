package io.arvid.video;

import java.util.List;

/** How a video becomes a file. */
public enum VideoEncoding {
    /** H.264 in MP4 with subsampled colour: small, and plays in every browser. */
    MP4("mp4", List.of("libopenh264", "libx264", "h264_videotoolbox", "h264_mf")),
    /** FFV1 in Matroska: every byte comes back as it was. */
    LOSSLESS("matroska", List.of("ffv1"));

    private final String container;
    private final List<String> encoders;

    VideoEncoding(String container, List<String> encoders) {
        this.container = container;
        this.encoders = encoders;
    }

    /** FFmpeg's name of the container. */
    String container() {
        return container;
    }

    /** FFmpeg's names of the encoders that will do, best first. */
    List<String> encoders() {
        return encoders;
    }
}
