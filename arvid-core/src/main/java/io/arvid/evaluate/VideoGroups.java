package io.arvid.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Videos that a bootstrap draws together because they are not independent: those of one prompt. */
public final class VideoGroups {
    /** Indices of videos, group by group. */
    private final int[][] videos;

    private final boolean isEach;

    private VideoGroups(int[][] videos) {
        this.videos = videos;
        this.isEach = Arrays.stream(videos).allMatch(group -> group.length == 1);
    }

    /** Each of {@code count} videos is a group of its own. */
    public static VideoGroups each(int count) {
        int[][] videos = new int[count][];
        Arrays.setAll(videos, i -> new int[] {i});
        return new VideoGroups(videos);
    }

    /** The videos called {@code names}, in this order; {@code prompts} has the prompt by name, and a video without one is a group of its own. */
    public static VideoGroups byPrompt(Collection<String> names, Map<String, String> prompts) {
        Map<String, List<Integer>> groups = new LinkedHashMap<>();
        int index = 0;
        for (String name : names) {
            String prompt = prompts.get(name);
            groups.computeIfAbsent(prompt == null ? "video " + name : "prompt " + prompt, group -> new ArrayList<>())
                    .add(index++);
        }
        return new VideoGroups(groups.values().stream()
                .map(group -> group.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new));
    }

    /** Number of groups. */
    public int count() {
        return videos.length;
    }

    /** Indices of the videos of {@code groups}, which may name a group more than once. */
    int[] videos(int[] groups) {
        if (isEach) {
            return groups;
        }
        int[] chosen =
                new int[Arrays.stream(groups).map(group -> videos[group].length).sum()];
        int end = 0;
        for (int group : groups) {
            System.arraycopy(videos[group], 0, chosen, end, videos[group].length);
            end += videos[group].length;
        }
        return chosen;
    }
}
