import Foundation
import FoundationXML
import Testing

/// Tables through the command line: made, interrupted, read, replayed.
@Suite(.serialized) struct TableTests {
  /// Three widths, of which two ways to write one are the same program.
  private func program(widths: String = "2, 4, 6") -> String {
    """
    irlas 1
    space Net {
      in image: [1, 8, 8]
      h = image -> conv(3x3, choose(\(widths))) -> relu
      return h -> choose(identity, relu) -> global_avg_pool -> linear(10)
    }
    recipe Quick {
      data:      idx("\(Command.root.path())samples/data/digits", validation: 500)
      batch:     50
      epochs:    1
      optimizer: sgd(lr: 0.1, momentum: 0.9)
    }
    search Widths {
      over:   Net
      reward: accuracy(Quick)
      agent:  random
      budget: trials(3)
    }

    """
  }

  @Test func aTableIsMadeResumedAndReplayed() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(program(), to: "net.irlas")
    let table = folder.path("table.jsonl")
    let make = ["table", "make", file, "--seeds", "2", "-o", table, "--quiet"]
    let made = try Command.run(make)
    #expect(made.exitCode == 0, "\(made.errors)")
    let whole = try String(contentsOfFile: table, encoding: .utf8)
    let rows = whole.split(separator: "\n")
    #expect(rows.count >= 3 && rows.count <= 6, "one for each distinct program")
    #expect(!FileManager.default.fileExists(atPath: table + ".run"))

    // Cut in the middle of a line, as by a kill: the same command makes the same bytes.
    try String(whole.dropLast(rows[rows.count - 1].count / 2)).write(
      toFile: table, atomically: true, encoding: .utf8)
    let again = try Command.run(make)
    #expect(again.exitCode == 0, "\(again.errors)")
    #expect(try String(contentsOfFile: table, encoding: .utf8) == whole)

    // The parts together are the table.
    var parts: [Substring] = []
    for part in ["1/2", "2/2"] {
      let path = folder.path("part\(part.prefix(1)).jsonl")
      let run = try Command.run(
        ["table", "make", file, "--seeds", "2", "-o", path, "--quiet", "--part", part])
      #expect(run.exitCode == 0, "\(run.errors)")
      parts += try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { Substring($0) }
    }
    #expect(parts.sorted() == rows.sorted())

    let signal = try Command.run(["table", "signal", table])
    #expect(signal.exitCode == 0 && signal.output.hasPrefix("\(rows.count) programs, 2 seeds each"))
    let replay = ["table", "replay", file, "--table", table, "--seeds", "3", "--quiet"]
    let replayed = try Command.run(replay)
    #expect(replayed.exitCode == 0, "\(replayed.errors)")
    #expect(replayed.output.contains("evolution") && replayed.output.contains("3 runs of 3 trials each"))
    #expect(try Command.run(replay).output == replayed.output)

    let plot = folder.path("plot.svg")
    #expect(try Command.run(replay + ["--plot", plot]).exitCode == 0)
    let drawing = try XMLDocument(contentsOf: URL(fileURLWithPath: plot))
    let lines = try drawing.nodes(forXPath: "//*[local-name()='path']")
    // Six agents, each with a line and a sign in the legend; this search has no mirror.
    #expect(lines.count == 12, "\(lines.count)")

    let other = try Command.run(["table", "make", file, "--seeds", "3", "-o", table])
    #expect(other.exitCode == 2 && other.errors.contains("begun with --seeds 2"))
    let wider = try folder.write(program(widths: "8, 10"), to: "wider.irlas")
    let missing = try Command.run(["table", "replay", wider, "--table", table, "--seeds", "3", "--quiet"])
    #expect(missing.exitCode == 1 && missing.errors.contains("which is not in the table"))
  }

  @Test func spacesThatAreTooLargeAreRefusedAtOnce() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run([
      "table", "make", "samples/searches/digits.irlas", "Net", "-o", folder.path("table.jsonl"),
    ])
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("more than 100_000 programs"), "\(run.errors)")
  }

  @Test func linesThatAreNoRowsAreTold() throws {
    let folder = try TemporaryFolder()
    let table = try folder.write("{\"program\":\"x\"}\n", to: "table.jsonl")
    let run = try Command.run(["table", "signal", table])
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("table.jsonl:1: not a row"))
  }
}
