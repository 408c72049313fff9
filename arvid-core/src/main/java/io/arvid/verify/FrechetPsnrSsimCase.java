package io.arvid.verify;

import io.arvid.evaluate.FrameComparison;
import io.arvid.evaluate.FrameScores;
import io.arvid.evaluate.FrechetDistance;
import io.arvid.evaluate.FvdPreprocessing;
import io.arvid.evaluate.Psnr;
import io.arvid.evaluate.Ssim;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** {@code frechet_psnr_ssim}: the Fréchet distance of feature sets, what I3D sees, PSNR and SSIM of videos. */
final class FrechetPsnrSsimCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        compareFrechet(folder, report);
        comparePsnr(folder, report);
        compareSsim(folder, report);
        comparePreprocessing(folder, report);
    }

    private static void compareFrechet(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance("fd");
        String stated = folder.json().path("tolerance").path("fd").asText();
        Tolerance few = Tolerance.stated(stated.substring(Math.max(0, stated.indexOf("fd_few"))));
        Tensor first = folder.tensor("feats1");
        Tensor second = folder.tensor("feats2");
        for (String set : new String[] {"1", "2"}) {
            Tensor features = folder.tensor("feats" + set);
            report.expect(folder, "mu" + set, FrechetDistance.mean(features), tolerance);
            report.expect(folder, "sigma" + set, FrechetDistance.covariance(features), tolerance);
        }
        double spread = Tensors.item(folder.tensor("sigma1").trace());
        expect(folder, report, "fd", FrechetDistance.between(first, second), tolerance);
        expect(
                folder,
                report,
                "fd_self",
                FrechetDistance.between(first, first),
                Tolerance.absolute(tolerance.rtol() * spread));
        expect(
                folder,
                report,
                "fd_few",
                FrechetDistance.between(folder.tensor("feats_few1"), folder.tensor("feats_few2")),
                few);
        expect(
                folder,
                report,
                "fd_single",
                FrechetDistance.between(Ops.slice(first, 0, 0, 1), Ops.slice(second, 0, 0, 1)),
                tolerance);
    }

    private static void comparePsnr(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance("psnr");
        FrameScores psnr = scores(new Psnr(), folder);
        report.expect("psnr_per_frame", psnr.meanByFrame(), expected(folder, "psnr_per_frame"), tolerance);
        report.expect("psnr_std_per_frame", psnr.deviationByFrame(), expected(folder, "psnr_std_per_frame"), tolerance);
        expect(folder, report, "psnr_final", psnr.mean(), tolerance);
        Tensor video = folder.tensor("video1").select(0, 0);
        expect(folder, report, "psnr_identical", new Psnr().perFrame(video, video)[0], tolerance);
    }

    private static void compareSsim(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance("ssim");
        FrameScores ssim = scores(new Ssim(), folder);
        report.expect("ssim_per_frame", ssim.meanByFrame(), expected(folder, "ssim_per_frame"), tolerance);
        expect(folder, report, "ssim_final", ssim.mean(), tolerance);
        expect(folder, report, "ssim_final_std", ssim.deviation(), tolerance);
    }

    private static void comparePreprocessing(CaseFolder folder, CaseReport report) {
        Tensor video = folder.tensor("fvd_pre_in").transpose(0, 1);
        int resolution = (int) folder.tensor("fvd_pre_out").size(-1);
        report.expect(
                folder,
                "fvd_pre_out",
                FvdPreprocessing.apply(video, resolution).transpose(0, 1),
                folder.tolerance("fvd_pre_out"));
    }

    private static FrameScores scores(FrameComparison metric, CaseFolder folder) {
        Tensor reference = folder.tensor("video1");
        Tensor videos = folder.tensor("video2");
        return new FrameScores(IntStream.range(0, (int) videos.size(0))
                .mapToObj(i -> metric.perFrame(reference.select(0, i), videos.select(0, i)))
                .toList());
    }

    private static void expect(CaseFolder folder, CaseReport report, String name, double actual, Tolerance tolerance) {
        report.expect(name, actual, expected(folder, name)[0], tolerance);
    }

    private static double[] expected(CaseFolder folder, String name) {
        return Tensors.toDoubles(folder.tensor(name));
    }
}
