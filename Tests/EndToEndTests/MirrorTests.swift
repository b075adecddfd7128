import Foundation
import Testing

@Suite struct MirrorCommandTests {
  private static func learn(_ path: String, _ extra: [String] = []) throws -> Command.Result {
    try Command.run(
      [
        "mirror", "learn", "--expert", "samples/published/resnext29.irlas", "--space",
        "samples/spaces/nsc.irlas",
        "Net", "--pool", "150", "--seed", "3", "--quiet", "-o", path,
      ] + extra)
  }

  @Test func aMirrorIsLearnedUsedAndExplained() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "resnext.mirror").path()
    let learned = try Self.learn(path)
    #expect(learned.exitCode == 0 && learned.errors.isEmpty, "\(learned.errors)")
    #expect(learned.output.contains("expert     ResNeXt29") && learned.output.contains("stability"))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasPrefix("irlas mirror 1\n") && text.hasSuffix("\nend\n"))

    // The same seed gives the same bytes.
    let again = folder.url.appending(path: "again.mirror").path()
    #expect(try Self.learn(again).exitCode == 0)
    #expect(try String(contentsOfFile: again, encoding: .utf8) == text)

    let scores = try Command.run([
      "mirror", "score", "samples/published/resnext29.irlas", "samples/published/vgg.irlas:VGG11", "--mirror",
      path,
      "--format", "json",
    ])
    #expect(scores.exitCode == 0, "\(scores.errors)")
    let lines = try scores.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.count == 2)
    let (expert, other) = (lines[0]["score"] as? Double ?? 0, lines[1]["score"] as? Double ?? 1)
    #expect(abs(expert - 1) < 1e-9 && other < 0.9)
    #expect(lines[0]["likeness"] as? Double == 1)

    let svg = folder.url.appending(path: "net.svg").path()
    let explained = try Command.run([
      "mirror", "explain", "samples/published/vgg.irlas", "VGG11", "--mirror", path, "--svg", svg, "--top",
      "3",
    ])
    #expect(explained.exitCode == 0, "\(explained.errors)")
    #expect(explained.output.contains("unlike ResNeXt29:") && explained.output.contains("█"))
    #expect(!explained.output.contains("\u{1B}"))
    let drawing = try String(contentsOfFile: svg, encoding: .utf8)
    #expect(drawing.contains("#15803d") || drawing.contains("#b91c1c"))
    let itself = try Command.run(["mirror", "explain", "samples/published/resnext29.irlas", "--mirror", path])
    #expect(itself.output.contains("unlike ResNeXt29:\n  nothing"))
  }

  @Test func mistakesAreTold() throws {
    let folder = try TemporaryFolder()
    let path = folder.url.appending(path: "broken.mirror").path()
    try "irlas mirror 1\nmethod magic\n".write(toFile: path, atomically: true, encoding: .utf8)
    let broken = try Command.run(["mirror", "score", "samples/digits.irlas", "--mirror", path])
    #expect(broken.exitCode == 1)
    #expect(broken.errors.contains("broken.mirror:2:8: there is no method `magic`"))
    let missing = try Command.run(["mirror", "score", "samples/digits.irlas", "--mirror", "no.mirror"])
    #expect(missing.exitCode == 1 && missing.errors.contains("no.mirror"))
    let method = try Self.learn(path, ["--method", "magic"])
    #expect(method.exitCode == 2)
    let pool = try Command.run([
      "mirror", "learn", "--expert", "samples/digits.irlas", "--space", "samples/digits.irlas", "-o", path,
    ])
    #expect(pool.exitCode == 1 && pool.errors.contains("no space"))
    // Nothing that failed has touched the file.
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("irlas mirror 1\nmethod magic"))
  }
}
