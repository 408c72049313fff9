package io.arvid.video;

import io.arvid.weights.AtomicFile;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.Tensor;

/** Several videos as one picture: a row each, frames evenly spread over time. */
public final class ContactSheet {
    /** One row: {@code video} is {@code [T, 3, H, W]} in [0, 1]. */
    public record Row(String label, Tensor video) {}

    private static final int GAP = 4;
    private static final int LABEL_HEIGHT = 22;
    private static final int SMALLEST_SIDE = 96;
    private static final Color PAPER = Color.WHITE;
    private static final Color INK = new Color(0x22, 0x22, 0x22);

    private ContactSheet() {}

    /** Draws {@code columns} frames of each row and writes the picture as PNG. */
    public static void write(Path file, List<Row> rows, int columns) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(draw(rows, columns), "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException("a picture could not be encoded: " + e.getMessage(), e);
        }
        AtomicFile.write(file, png.toByteArray());
    }

    /** The picture; every row's frames are enlarged by a whole factor until their smaller side has {@value #SMALLEST_SIDE} pixels. */
    public static BufferedImage draw(List<Row> rows, int columns) {
        if (rows.isEmpty() || columns < 1) {
            throw new IllegalArgumentException("a contact sheet needs a row and a column");
        }
        Tensor first = rows.getFirst().video();
        int factor = (int) Math.ceilDiv(SMALLEST_SIDE, Math.min(first.size(2), first.size(3)));
        int cellHeight = factor * (int) first.size(2);
        int cellWidth = factor * (int) first.size(3);
        BufferedImage sheet = new BufferedImage(
                columns * (cellWidth + GAP) + GAP,
                rows.size() * (cellHeight + LABEL_HEIGHT + GAP) + GAP,
                BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = sheet.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        pen.setColor(PAPER);
        pen.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        pen.setColor(INK);
        pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        for (int r = 0; r < rows.size(); r++) {
            int top = GAP + r * (cellHeight + LABEL_HEIGHT + GAP);
            pen.drawString(rows.get(r).label(), GAP, top + LABEL_HEIGHT - 7);
            Tensor video = rows.get(r).video();
            for (int c = 0; c < columns; c++) {
                BufferedImage frame = Frames.image(video, frameAt(c, columns, (int) video.size(0)));
                pen.drawImage(frame, GAP + c * (cellWidth + GAP), top + LABEL_HEIGHT, cellWidth, cellHeight, null);
            }
        }
        pen.dispose();
        return sheet;
    }

    /** First and last frame included. */
    private static int frameAt(int column, int columns, int frames) {
        return columns == 1 ? 0 : Math.round((float) column * (frames - 1) / (columns - 1));
    }
}
