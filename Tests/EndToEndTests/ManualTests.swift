import Foundation
import IRLASDSL
import Testing

/// The manual is true: every snippet compiles, or gives the message it is marked with.
@Suite struct ManualTests {
  struct Snippet: Sendable, CustomTestStringConvertible {
    var page: String
    var line: Int
    var code: String?
    var text: String
    var testDescription: String { "\(page):\(line)" }
  }

  static let snippets: [Snippet] = {
    ["docs/language.md", "README.md"].flatMap { page -> [Snippet] in
      let text = (try? String(contentsOf: Command.root.appending(path: page), encoding: .utf8)) ?? ""
      var snippets: [Snippet] = []
      var open: Snippet?
      for (number, line) in text.components(separatedBy: "\n").enumerated() {
        if var snippet = open {
          if line == "```" {
            snippets.append(snippet)
            open = nil
          } else {
            snippet.text += line + "\n"
            open = snippet
          }
        } else if line.hasPrefix("```irlas") {
          let words = line.split(separator: " ")
          open = Snippet(
            page: page, line: number + 1, code: words.count > 2 ? String(words[2]) : nil, text: "")
        }
      }
      return snippets
    }
  }()

  @Test func thePagesHaveSnippets() {
    #expect(Self.snippets.count { $0.page == "docs/language.md" } >= 6)
    #expect(Self.snippets.contains { $0.page == "README.md" })
  }

  @Test(arguments: snippets)
  func compiles(snippet: Snippet) throws {
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
}
