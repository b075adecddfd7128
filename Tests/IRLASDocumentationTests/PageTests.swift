import Foundation
import IRLASDSL
import IRLASTestSupport
import Testing

@testable import IRLASDocumentation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pages about programs: whole, well-formed, the same every time.
@Suite struct PageTests {
  static let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "samples")

  /// All published networks and spaces.
  static let files: [String] = ["published", "spaces"].flatMap { folder -> [String] in
    let names = try? FileManager.default.contentsOfDirectory(atPath: samples.appending(path: folder).path())
    return (names ?? []).filter { $0.hasSuffix(".irlas") }.sorted().map { "\(folder)/\($0)" }
  }

  /// What a parser of XML finds on a page.
  final class Outline: NSObject, XMLParserDelegate {
    var ids: [String] = []
    var links: [String] = []
    var elements: [String: Int] = [:]
    var text = ""
    private var isStyle = false

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String] = [:]
    ) {
      elements[name, default: 0] += 1
      isStyle = name == "style"
      if let id = attributes["id"] { ids.append(id) }
      for (key, value) in attributes where key.hasSuffix("href") || key.hasSuffix("src") {
        links.append(value)
      }
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      isStyle = false
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { if !isStyle { text += string } }
  }

  func page(_ source: SourceFile, folder: URL = samples) throws -> String {
    let program = Program.load(entry: source) { used in
      (try? Data(contentsOf: folder.appending(path: used))).map { .bytes(Array($0)) } ?? .missing
    }
    return try documentationPage(of: program, report: program.check(), title: source.name)
  }

  func outline(_ page: String) throws -> Outline {
    let outline = Outline()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = outline
    #expect(parser.parse(), "\(String(describing: parser.parserError)) in line \(parser.lineNumber)")
    // Every id once, every link to one of them.
    #expect(Set(outline.ids).count == outline.ids.count)
    let ids = Set(outline.ids.map { "#" + $0 })
    for link in Set(outline.links).sorted() where !ids.contains(link) { Issue.record("a link to \(link)") }
    #expect(outline.elements["script"] == nil)
    return outline
  }

  @Test func thereAreSamples() {
    #expect(Self.files.count >= 35)
    #expect(Self.files.contains { $0.hasPrefix("spaces/") })
  }

  @Test(arguments: files)
  func everySampleHasAPage(file: String) throws {
    let url = Self.samples.appending(path: file)
    let source = SourceFile(name: url.lastPathComponent, utf8: try Array(Data(contentsOf: url)))
    let page = try page(source, folder: url.deletingLastPathComponent())
    let outline = try outline(page)
    let program = Program.load(entry: source) { used in
      (try? Data(contentsOf: url.deletingLastPathComponent().appending(path: used))).map { .bytes(Array($0)) }
        ?? .missing
    }
    let ids = Set(outline.ids)
    for (kind, names) in [
      ("network", program.networks), ("cell", program.cells), ("space", program.spaces),
      ("recipe", program.recipes), ("search", program.searches),
    ] {
      for name in names { #expect(ids.contains("\(kind)-\(name)")) }
    }
    // Each network and each space that stands by itself is drawn.
    #expect(outline.elements["svg"] == program.networks.count + program.standaloneSpaces.count)
    // All counts that the file pins are there, and hold.
    #expect(!outline.text.contains("✗"))
    let claims = program.runChecks().reduce(0) { $0 + $1.claims.count }
    #expect(outline.text.count { $0 == "✓" } == claims)
  }

  /// A program that has everything, with signs that HTML would misread wherever text may stand.
  static let everything = """
    //! About <this> & "that".
    irlas 1
    use std

    /// A cell; `a < b` is code, <b>this</b> is not.
    ///
    ///     x -> f  // & so on
    @atomic
    cell Block(
      /// How many & <what>.
      c, act: Layer = relu
    ) {
      in x
      require c > 0 and c < 1000, "<script>alert('&')</script>"
      h = x -> conv(3x3, c) -> bn -> act
      return h + (x -> fit)
    }

    network Net(n = 3, classes = 10) {
      in image: [3, 8, 8]
      s = image -> repeat n Block(16) -> repeat 2 Block(8, act: silu)
      return y: s -> global_avg_pool -> linear(classes), aux early: image -> flatten -> linear(2)
    }

    network Open(k) { in image: [1, 4, 4]  return image -> conv(1x1, k) }

    network Unknown(k) { in image: [1, 4, 4]  return image -> conv(1x1, k) }

    check Net() { params < 1M, depth == 3 }
    check Open(k: 5) { params == 5 }

    space Layer2(c) { in x  return x -> conv(choose(1x1, 3x3), c) }

    space Small {
      in image: [3, 8, 8]
      return image -> repeat 1..3 Layer2(choose(4, 8)) -> maybe(relu)
    }

    recipe Quick { data: cifar10 -> normalize  optimizer: sgd(lr: 0.1) }
    recipe Slow = Quick { epochs: 9 }

    search Find { over: Small  reward: accuracy(Quick)  require params < 1M }
    """

  @Test func everythingOfAProgramIsOnItsPage() throws {
    let page = try page(SourceFile(name: "every<thing>.irlas", text: Self.everything))
    let outline = try outline(page)
    for id in [
      "cell-Block", "network-Net", "network-Open", "network-Unknown", "space-Layer2", "space-Small",
      "recipe-Quick", "recipe-Slow", "search-Find",
    ] {
      #expect(outline.ids.contains(id))
      #expect(outline.links.contains("#" + id), "nothing leads to \(id)")
    }
    // The text arrives as it was written.
    for text in [
      "About <this> & \"that\".", "a < b", "x -> f  // & so on", "<script>alert('&')</script>",
      "How many & <what>.", "every<thing>.irlas",
    ] {
      #expect(outline.text.contains(text), "\(text)")
    }
    #expect(outline.text.contains("Block(16)"))
    #expect(outline.text.contains("[3, 8, 8] → [16, 8, 8]"), "the first use of Block")
    #expect(outline.text.contains("aux early: [2, 1, 1]"))
    // 1 copy: 2 x 2 x 2 ways; 2 copies: 4 x 4 x 2; 3: 64 x 2... with (choose, choose) in each copy.
    #expect(outline.text.contains("168 ways to make all decisions"))
    // `depth == 3` does not hold: five blocks and a linear layer.
    #expect(outline.text.contains("✗"))
    #expect(outline.elements["svg"] == 3)
    #expect(outline.text.contains("A parameter without a default leaves its figures open."))
  }

  @Test func theSameProgramGivesTheSameBytes() throws {
    let source = SourceFile(name: "every.irlas", text: Self.everything)
    #expect(try page(source) == page(source))
  }

  @Test func thePageNeedsNothingElse() throws {
    let page = try page(SourceFile(name: "every.irlas", text: Self.everything))
    for word in ["<script", "<link", "@import", "url(", " src="] { #expect(!page.contains(word), "\(word)") }
    #expect(page.contains("prefers-color-scheme: dark"))
  }

  /// Copies that agree stand once, with their number; the sum is that of all.
  @Test func equalCopiesShareTheirRows() throws {
    let text = """
      irlas 1
      use std
      cell Block(c) { in x  return x -> conv(3x3, c) -> (bn -> relu) }
      network Deep { in image: [3, 8, 8]  return image -> repeat 100 Block(8) }
      """
    let outline = try outline(try page(SourceFile(name: "deep.irlas", text: text)))
    #expect(outline.text.contains("× 99"))
    #expect(outline.text.contains("4 layers that learn or multiply, equal copies once"))
    // 3 x 9 x 8 + 99 x 8 x 9 x 8 + 100 x 16
    #expect(outline.text.contains("58_840"))
  }

  /// Shapes at the border of cells: one entry for a value however often it is read, outputs in order.
  @Test func shapesCrossBordersOnce() throws {
    let text = """
      irlas 1
      cell Two(c) { in a, b  l = a -> conv(1x1, c)  return l + b, (a, b) -> concat }
      network Net {
        in x: [4, 8, 8], y: [6, 8, 8]
        p, q = (x, y) -> Two(6)
        return (p, q) -> concat
      }
      """
    let outline = try outline(try page(SourceFile(name: "two.irlas", text: text)))
    #expect(outline.text.contains("([4, 8, 8], [6, 8, 8]) → ([6, 8, 8], [10, 8, 8])"))
  }

  @Test func whatXMLCannotHoldIsReplaced() {
    #expect(Markup("a\u{0}<b>\u{FFFE}&\"").html == "a\u{FFFD}&lt;b&gt;\u{FFFD}&amp;&quot;")
    #expect(anchor("cell", "naïve name") == "cell-na.efve.20name")
  }

  @Test func commentsBecomeParagraphs() {
    let text = "One `x -> f` line\nand ` more.\n\n    code <a>\n\n      deeper\n\nLast."
    #expect(
      Markup.documentation(text).html
        == "<p>One <code>x -&gt; f</code> line\nand ` more.</p><pre><code>code &lt;a&gt;\n\n  deeper</code></pre><p>Last.</p>"
    )
  }
}
