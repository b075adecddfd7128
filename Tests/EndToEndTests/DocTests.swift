import Foundation
import Testing

/// `irlas doc` as a user types it.
@Suite struct DocTests {
  @Test func thePageGoesWhereItIsWanted() throws {
    let folder = try TemporaryFolder()
    let sample = Command.root.appending(path: "samples/digits.irlas").path()
    let plain = try Command.run(["doc", sample], in: folder.url)
    #expect(plain.exitCode == 0, "\(plain.errors)")
    #expect(plain.output == "./digits.html\n")
    #expect(try Command.run(["doc", sample, "-o", folder.path("pages")]).exitCode == 0)
    #expect(try Command.run(["doc", sample, "-o", folder.path("a/page.html")]).exitCode == 0)
    let page = try folder.read("digits.html")
    #expect(try folder.read("pages/digits.html") == page)
    #expect(try folder.read("a/page.html") == page)
    #expect(String(decoding: page, as: UTF8.self).contains("TinyResNeXt"))
  }

  @Test func failedChecksAreOnThePageAndErrorsAreNot() throws {
    let folder = try TemporaryFolder()
    let text = "irlas 1\nnetwork N { in x: [3, 8, 8]  return x -> conv(1x1, 4) }\n"
    let failing = try folder.write(text + "check N() { params == 13 }\n", to: "failing.irlas")
    let result = try Command.run(["doc", failing, "-o", folder.url.path()])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("params"))
    #expect(String(decoding: try folder.read("failing.html"), as: UTF8.self).contains("✗"))
    let broken = try folder.write(text + "network M { in x: [3, 8, 8]  return x -> f }\n", to: "broken.irlas")
    #expect(try Command.run(["doc", broken, "-o", folder.url.path()]).exitCode == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.path("broken.html")))
  }
}
