import Foundation
import IRLASGraph
import Testing

@testable import IRLASDSL

/// A `check` line of the library of published networks, with what the page around it says.
struct PublishedNetwork {
  /// The file without its suffix: `resnet50`.
  let program: String
  /// The use that is checked: `ResNet50(blocks: [3, 4, 23, 3])`.
  let use: String
  /// Parameters and multiply-accumulates, as the line pins them.
  let params, macs: String
  /// Titles, places and years of the papers that the page names.
  let papers: String
  /// The comment above the line or above the ones before it.
  let remark: String

  /// Every `check` line below `samples/published`, in the order of files and lines.
  static func all() throws -> [PublishedNetwork] { try loaded.get() }

  private static let loaded = Result { try load() }

  private static func load() throws -> [PublishedNetwork] {
    try Samples.programs(in: "published").flatMap { path in
      let program = try Samples.load(path)
      let source = program.files[0].tree.source
      let papers = papers(in: try #require(program.files[0].tree.root.fileDocumentation))
      var (remark, end) = ("", 0)
      return try program.runChecks().map { check in
        #expect(check.passed, "\(path): \(check.target)")
        func figure(_ name: String) throws -> String {
          let claim = check.claims.first { $0.text.hasPrefix("\(name) == ") }
          let text = try #require(claim, "\(path): \(check.target) does not pin `\(name)`").text
          return String(text.dropFirst(name.count + 4))
        }
        // A comment speaks of all lines below it, up to the next comment.
        let above = String(decoding: source.utf8[end..<Int(check.span.lower)], as: UTF8.self)
          .split(separator: "\n").reversed().prefix { $0.hasPrefix("// ") }.reversed()
        if !above.isEmpty { remark = above.map { String($0.dropFirst(3)) }.joined(separator: " ") }
        end = Int(check.span.upper)
        return try PublishedNetwork(
          program: String(path.dropFirst("published/".count).dropLast(".irlas".count)), use: check.target,
          params: figure("params"), macs: figure("macs"), papers: papers, remark: remark)
      }
    }
  }

  /// `"Title", CVPR 2016, table 1` becomes *Title*, CVPR 2016.
  private static func papers(in documentation: String) -> String {
    let text = documentation.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let found = text.matches(of: #/"([^"]+)", ([A-Za-z]+ )?(\d{4})/#)
    #expect(!found.isEmpty, "no paper in: \(text)")
    return found.map { "*\($0.1)*, \($0.2 ?? "")\($0.3)" }.joined(separator: "; ")
  }
}

/// The library of published networks agrees with independent counters and with its page in the manual.
@Suite struct PublishedNetworksTests {
  /// What another implementation counts: a row of `published_counts.json`.
  struct Reference: Decodable {
    let program, use, source: String
    let params, macs: Int
  }

  /// The root of the repository.
  private static var root: URL { Samples.folder.deletingLastPathComponent() }

  private static func references() throws -> [Reference] {
    try JSONDecoder().decode(
      [Reference].self,
      from: Data(contentsOf: root.appendingPathComponent("Tests/Reference/counts/published_counts.json")))
  }

  /// Networks written by others in PyTorch have the parameters and multiply-accumulates that the samples pin.
  @Test func independentCounts() throws {
    let networks = try PublishedNetwork.all()
    let references = try Self.references()
    #expect(references.count >= 80)
    for reference in references {
      let network = try #require(
        networks.first { $0.program == reference.program && $0.use == reference.use },
        "samples/published/\(reference.program).irlas has no `check \(reference.use)`")
      #expect(network.params == grouped(reference.params), "\(reference.use): \(reference.source)")
      #expect(network.macs == grouped(reference.macs), "\(reference.use): \(reference.source)")
    }
  }

  /// Every network of the library is pinned by a `check` line, and there are many.
  @Test func everyNetworkIsChecked() throws {
    let networks = try PublishedNetwork.all()
    var count = 0
    for path in try Samples.programs(in: "published") {
      for name in try Samples.load(path).networks {
        let uses = networks.filter { "published/\($0.program).irlas" == path && $0.use.hasPrefix("\(name)(") }
        #expect(!uses.isEmpty, "\(path): no `check` of `\(name)`")
        count += 1
      }
    }
    #expect(count >= 40)
    #expect(networks.count >= 90)
  }

  /// `docs/networks.md` is made from the samples and the reference counts. `IRLAS_RECORD=1` writes it anew, and fails.
  @Test func manualPage() throws {
    let references = try Self.references()
    var rows = [
      "| network | paper | parameters | MACs | counted also by |", "|---|---|--:|--:|---|",
    ]
    for network in try PublishedNetwork.all() {
      let reference = references.first { $0.program == network.program && $0.use == network.use }
      let source = reference?.source ?? network.remark
      #expect(!source.isEmpty, "\(network.use) has neither a reference nor a comment on its counts")
      let file = "../samples/published/\(network.program).irlas"
      let figures = [network.params, network.macs].map { $0.replacing("_", with: ",") }
      let cells = ["[`\(network.use)`](\(file))", network.papers] + figures + [source]
      rows.append("| \(cells.joined(separator: " | ")) |")
    }
    let page = Self.root.appendingPathComponent("docs/networks.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let (start, end) = ("<!-- networks -->\n", "\n<!-- end of networks -->")
    let from = try #require(text.range(of: start))
    let to = try #require(text.range(of: end, range: from.upperBound..<text.endIndex))
    let table = rows.joined(separator: "\n")
    if ProcessInfo.processInfo.environment["IRLAS_RECORD"] != nil {
      try text.replacingCharacters(in: from.upperBound..<to.lowerBound, with: table)
        .write(to: page, atomically: true, encoding: .utf8)
      Issue.record("recorded docs/networks.md")
    }
    #expect(text[from.upperBound..<to.lowerBound] == table)
  }
}
