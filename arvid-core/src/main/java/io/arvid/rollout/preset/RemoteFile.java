package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A file that a model consists of, on a Hugging Face compatible server.
 *
 * @param repository owner and name
 * @param path path inside the repository
 */
public record RemoteFile(
        @JsonProperty("repository") String repository,
        @JsonProperty("path") String path) {}
