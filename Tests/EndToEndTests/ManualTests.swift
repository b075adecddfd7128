import Foundation
import IRLASDSL
import Testing

/// The manual is true: every snippet compiles, or gives the message it is marked with, and what a reader types prints
/// what the page says.
@Suite struct ManualTests {
  /// The pages whose snippets are programs of their own.
  static let pages = ["docs/language.md", "docs/tutorial.md", "README.md"]

  static let snippets: [ManualBlock] = pages.flatMap(ManualBlock.blocks).filter { block in
    block.language == "irlas" && block.fileName == nil
  }

  @Test func thePagesHaveSnippets() {
    #expect(Self.snippets.count { $0.page == "docs/language.md" } >= 6)
    #expect(Self.snippets.contains { $0.page == "README.md" })
    let tutorial = ManualBlock.blocks(of: "docs/tutorial.md")
    #expect(tutorial.count { $0.language == "console" } >= 10)
    #expect(tutorial.count { $0.fileName != nil } >= 6)
  }

  @Test(arguments: snippets)
  func compiles(snippet: ManualBlock) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(snippet.text, to: "snippet.irlas")
    let result = try Command.run(["check", "--short", file])
    if let code = snippet.code {
      #expect(result.exitCode == 1)
      #expect(result.errors.contains("[\(code)]"), "\(result.errors)")
    } else {
      #expect(result.exitCode == 0, "\(result.errors)")
    }
  }

  /// A page from top to bottom in an empty folder, beside the samples: files are written, commands are run, and print
  /// what is shown. A command that shows an error fails, every other one does not.
  @Test(arguments: ["docs/tutorial.md"])
  func doesWhatItShows(page: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: "samples"),
      withDestinationURL: Command.root.appending(path: "samples"))
    for block in ManualBlock.blocks(of: page) {
      if let name = block.fileName {
        let earlier = block.isAppended ? String(decoding: try folder.read(name), as: UTF8.self) : ""
        _ = try folder.write(earlier + block.text, to: name)
      }
      guard block.language == "console" else { continue }
      for (command, shown) in block.commands {
        let words = command.split(separator: " ").map(String.init)
        let printed: String
        let failed: Bool
        if words[0] == "cat" {
          printed = String(decoding: try folder.read(words[1]), as: UTF8.self)
          failed = false
        } else {
          #expect(words[0] == "irlas", "\(block.testDescription): \(command)")
          let result = try Command.run(Array(words.dropFirst()), in: folder.url)
          printed = result.errors + result.output
          failed = result.exitCode != 0
        }
        let place = "\(block.testDescription): \(command) printed\n\(printed)"
        // `diff` tells by its exit code whether there is a difference.
        #expect(words[1] == "diff" || failed == shown.contains { $0.hasPrefix("error") }, "\(place)")
        #expect(Self.matches(printed.trimmedLines, shown), "\(place)")
      }
    }
  }

  /// The mistake that the README speaks of gives the message that it shows.
  @Test func theReadmeShowsAMessage() throws {
    let blocks = ManualBlock.blocks(of: "README.md")
    let program = try #require(blocks.first { $0.language == "irlas" }).text
    let mistaken = program.replacingOccurrences(of: "(x -> fit)", with: "x")
    #expect(mistaken != program)
    let folder = try TemporaryFolder()
    _ = try folder.write(mistaken, to: "resnext29.irlas")
    let result = try Command.run(["check", "resnext29.irlas"], in: folder.url)
    let shown = try #require(blocks.first { $0.text.hasPrefix("error") }).text
    #expect(result.errors.trimmedLines.starts(with: shown.trimmedLines), "\(result.errors)")
  }

  /// Every command stands on the page of commands.
  @Test func theCommandsAreListed() throws {
    let help = try Command.run(["--help"]).output
    let list = try #require(help.components(separatedBy: "SUBCOMMANDS:").last)
    let names = list.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first }.filter { $0 != "See" }
    #expect(names.count >= 15)
    let page = try String(contentsOf: Command.root.appending(path: "docs/commands.md"), encoding: .utf8)
    for name in names { #expect(page.contains("`irlas \(name)"), "\(name)") }
  }

  /// Whether `lines` are what `shown` says: a line `...` stands for any lines, `…` in a line for any text.
  static func matches(_ lines: [String], _ shown: [String]) -> Bool {
    // Which of the lines so far may have been shown by the pattern so far.
    var ends: Set<Int> = [0]
    for pattern in shown {
      var next: Set<Int> = []
      for end in ends {
        if pattern == "..." {
          next.formUnion(end...lines.count)
        } else if end < lines.count, fits(lines[end], pattern) {
          next.insert(end + 1)
        }
      }
      ends = next
    }
    return ends.contains(lines.count)
  }

  private static func fits(_ line: String, _ pattern: String) -> Bool {
    let parts = pattern.components(separatedBy: "…")
    guard parts.count > 1, let first = parts.first, let last = parts.last else { return line == pattern }
    guard line.hasPrefix(first) else { return false }
    var rest = line.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() {
      guard let found = rest.range(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
  }

  @Test func patternsMatchWhatTheySay() {
    #expect(Self.matches(["a", "b 12 c", "d"], ["a", "b … c", "d"]))
    #expect(Self.matches(["a", "b", "c", "d"], ["a", "...", "d"]))
    #expect(Self.matches(["a"], ["a", "..."]))
    #expect(!Self.matches(["a", "b"], ["a"]))
    #expect(!Self.matches(["a", "b", "e"], ["a", "...", "d"]))
    #expect(!Self.matches(["b 12"], ["b … c"]))
  }
}

/// A block of code on a page of the manual.
struct ManualBlock: Sendable, CustomTestStringConvertible {
  /// The page, relative to the repository.
  var page: String
  /// The line on which the block begins.
  var line: Int
  /// The words after the backquotes.
  var words: [String]
  /// The lines.
  var text: String

  var testDescription: String { "\(page):\(line)" }
  /// `irlas`, `console` or something else.
  var language: String { words.first ?? "" }
  /// The message that the program gives: `irlas error L0201`.
  var code: String? { words.count > 2 && words[1] == "error" ? words[2] : nil }
  /// The file that a reader writes: `irlas digits.irlas`.
  var fileName: String? { words.count > 1 && words[1].hasSuffix(".irlas") ? words[1] : nil }
  /// Whether the block goes to the end of that file: `irlas digits.irlas +`.
  var isAppended: Bool { words.last == "+" }

  /// What a reader types after `$`, with the lines that are shown for it.
  var commands: [(command: String, shown: [String])] {
    var commands: [(command: String, shown: [String])] = []
    for line in text.trimmedLines {
      if line.hasPrefix("$ ") {
        commands.append((String(line.dropFirst(2)), []))
      } else if !commands.isEmpty {
        commands[commands.count - 1].shown.append(line)
      }
    }
    // An empty line before the next command is for the eye.
    for index in commands.indices {
      while commands[index].shown.last == "" { commands[index].shown.removeLast() }
    }
    return commands
  }

  /// The blocks of a page in order.
  static func blocks(of page: String) -> [ManualBlock] {
    let text = (try? String(contentsOf: Command.root.appending(path: page), encoding: .utf8)) ?? ""
    var blocks: [ManualBlock] = []
    var open: ManualBlock?
    for (number, line) in text.components(separatedBy: "\n").enumerated() {
      if var block = open {
        if line == "```" {
          blocks.append(block)
          open = nil
        } else {
          block.text += line + "\n"
          open = block
        }
      } else if line.hasPrefix("```") {
        let words = line.dropFirst(3).split(separator: " ").map(String.init)
        open = ManualBlock(page: page, line: number + 1, words: words, text: "")
      }
    }
    return blocks
  }
}

extension String {
  /// The lines without blanks at their ends, and without empty ones at the end.
  fileprivate var trimmedLines: [String] {
    var lines = components(separatedBy: "\n").map { line in
      var line = line
      while line.last == " " { line.removeLast() }
      return line
    }
    while lines.last == "" { lines.removeLast() }
    return lines
  }
}
