import Foundation
import Testing

/// A differentiable search through the command line: the options are learned once, and the trials follow from that.
@Suite(.serialized) struct DifferentiableSearchTests {
  static let program = """
    irlas 1
    space Net {
      in image: [1, 8, 8]
      h = image -> conv(3x3, 4) -> bn -> relu
      return h -> choose(none: zero, conv: conv(3x3, 4) -> bn -> relu) -> repeat 2 maybe(sigmoid)
        -> max_pool(2x2, stride: 2) -> flatten -> linear(10)
    }
    recipe Quick {
      data:      idx("\(Command.root.path())samples/data/digits", validation: 500)
      batch:     50
      epochs:    1
      optimizer: sgd(lr: 0.1, momentum: 0.9)
    }
    search Two {
      over:   Net
      reward: accuracy(Quick)
      agent:  differentiable(epochs: 3, rate: 0.1)
      budget: trials(3)
    }
    """

  private func rows(_ folder: String) throws -> [String] {
    let list = try Command.run(["study", "export", folder, "--format", "json"])
    #expect(list.exitCode == 0, "\(list.errors)")
    return list.output.split(separator: "\n").map(String.init)
  }

  /// The same trials whatever the number of workers; the first is the program of the likeliest options.
  @Test func workersChangeNoTrial() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.program, to: "options.irlas")
    var programs: [[Substring]] = []
    for (name, workers) in [("one", "1"), ("two", "2")] {
      let out = folder.path(name)
      let run = try Command.run([
        "search", file, "--out", out, "--quiet", "--workers", workers, "--threads", "1",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let found = try rows(out).compactMap { row in row.firstMatch(of: /"program":"([0-9a-f]+)"/)?.1 }
      #expect(found.count >= 3)
      programs.append(found)
      let again = try Command.run(["search", file, "--out", out, "--quiet", "--resume"])
      #expect(again.exitCode == 0, "\(again.errors)")
    }
    #expect(programs[0] == programs[1])
  }

  @Test func whatCannotBeMixedIsSaidAtOnce() throws {
    let folder = try TemporaryFolder()
    let text = Self.program.replacingOccurrences(
      of: "image -> conv(3x3, 4)", with: "image -> conv(choose(1x1, 3x3), 4)")
    let file = try folder.write(text, to: "options.irlas")
    let run = try Command.run(["search", file, "--out", folder.path("out")])
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("error[L0406]"), "\(run.errors)")
  }
}
