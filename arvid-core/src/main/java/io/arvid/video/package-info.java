/**
 * Videos as files and pictures.
 *
 * <p>A video is a float tensor {@code [T, 3, H, W]} in [0, 1], red first. {@link io.arvid.video.VideoFile} writes and reads it,
 * {@link io.arvid.video.Frames} goes to bytes and back, {@link io.arvid.video.ContactSheet} lays several videos out as one picture.
 */
@NullMarked
package io.arvid.video;

import org.jspecify.annotations.NullMarked;
