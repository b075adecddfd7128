import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The laws of formatting for one text: what it keeps, and that twice is once.
///
/// - Returns: the formatted text; nil when the text has mistakes.
@discardableResult
func checkFormat(_ text: String, location: SourceLocationOfTest = #_sourceLocation) -> String? {
  checkFormat(Array(text.utf8), location: location)
}

/// The same for bytes.
@discardableResult
func checkFormat(_ bytes: [UInt8], location: SourceLocationOfTest = #_sourceLocation) -> String? {
  let source = SourceFile(name: "test.irlas", utf8: bytes)
  let (tree, diagnostics) = parse(source)
  if diagnostics.contains(where: { $0.severity == .error }) {
    #expect(throws: FormatError.self, sourceLocation: location) { try formatted(source) }
    return nil
  }
  let result = formatted(tree)
  let text = String(decoding: result, as: UTF8.self)
  let (after, messages) = parse(SourceFile(name: "formatted.irlas", utf8: result))
  #expect(messages.isEmpty, "\(rendered(messages, after))\n\(text)", sourceLocation: location)
  let before = String(decoding: bytes, as: UTF8.self)
  #expect(
    significantTokens(after) == significantTokens(tree), "\(before)\n->\n\(text)", sourceLocation: location)
  #expect(commentTexts(after) == commentTexts(tree), "\(before)\n->\n\(text)", sourceLocation: location)
  #expect(documentation(after) == documentation(tree), "\(before)\n->\n\(text)", sourceLocation: location)
  let again = String(decoding: formatted(after), as: UTF8.self)
  #expect(again == text, "formatting twice is formatting once", sourceLocation: location)
  let blanks: [UInt8] = [0x20, 0x09]
  let endsInBlank = result.indices.contains {
    blanks.contains(result[$0]) && ($0 + 1 == result.count || result[$0 + 1] == 0x0A)
  }
  #expect(!endsInBlank, "no blanks at the end of a line\n\(text)", sourceLocation: location)
  let hasGap = result.indices.dropFirst(2).contains {
    result[$0] == 0x0A && result[$0 - 1] == 0x0A && result[$0 - 2] == 0x0A
  }
  #expect(!hasGap, "one empty line at most\n\(text)", sourceLocation: location)
  return text
}

/// Checks that a text is formatted as another one.
private func check(_ text: String, _ expected: String, location: SourceLocationOfTest = #_sourceLocation) {
  #expect(checkFormat(text, location: location) == expected, sourceLocation: location)
}

/// The spellings of the tokens without commas before closing brackets, `(x,)` excepted.
private func significantTokens(_ tree: SyntaxTree) -> [String] {
  var texts: [String] = []
  for (index, token) in tree.tokens.enumerated() where token.kind != .endOfFile {
    if token.kind == .comma, tree.tokens[index + 1].kind.closes { continue }
    texts.append(String(decoding: tree.source.utf8[token.range], as: UTF8.self))
  }
  // What `(x,)` means is in the tree.
  return texts + [outlineOfKinds(tree)]
}

private func outlineOfKinds(_ tree: SyntaxTree) -> String {
  tree.nodes.map { String($0.kind.rawValue) }.joined(separator: " ")
}

/// All comments without blanks at their ends.
private func commentTexts(_ tree: SyntaxTree) -> [String] {
  tree.tokens.indices.flatMap { token in
    triviaPieces(in: tree.source.utf8[tree.leadingTrivia(of: token)]).filter {
      $0.kind != .blank && $0.kind != .byteOrderMark
    }.map { piece in
      var bytes = tree.source.utf8[piece.range]
      while let last = bytes.last, last == 0x20 || last == 0x09 || last == 0x0D { bytes.removeLast() }
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}

/// The documentation of the file and of every declaration, parameter, statement and field.
private func documentation(_ tree: SyntaxTree) -> [String?] {
  [tree.root.fileDocumentation?.trimmed]
    + tree.nodes.indices.filter {
      switch tree.nodes[$0].kind {
      case .module, .parameter, .binding, .grow, .require, .returnStatement, .check, .recipe, .search, .field:
        true
      default: false
      }
    }.map { SyntaxNode(tree: tree, id: $0).documentation?.trimmed }
}

extension String {
  /// The text without blanks at the ends of its lines.
  fileprivate var trimmed: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line
      while let last = line.unicodeScalars.last, last == " " || last == "\t" || last == "\r" {
        line.unicodeScalars.removeLast()
      }
      return String(line)
    }.joined(separator: "\n")
  }
}

@Suite struct FormatTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appendingPathComponent(path)), as: UTF8.self)
  }

  // MARK: What is formatted

  /// Every program of the repository is formatted; those that show mistakes are left as their mistakes want.
  @Test func samplesAreFormatted() throws {
    var count = 0
    for folder in ["samples", "Sources/IRLASDSL/Standard"] {
      let paths = try FileManager.default.subpathsOfDirectory(
        atPath: Self.root.appendingPathComponent(folder).resolvingSymlinksInPath().path)
      for path in paths.sorted()
      where path.hasSuffix(".irlas") && !path.hasPrefix("invalid/") && !path.hasPrefix("mistakes/") {
        let text = try Self.text("\(folder)/\(path)")
        #expect(checkFormat(text) == text, "run `irlas fmt \(folder)/\(path)`")
        count += 1
      }
    }
    #expect(count >= 9)
  }

  /// The snippets of the manual that are whole programs are formatted.
  @Test func theManualIsFormatted() throws {
    let manual = try Self.text("docs/language.md")
    var count = 0
    for block in manual.components(separatedBy: "```irlas\n").dropFirst() {
      let text = block.components(separatedBy: "```")[0]
      guard let result = checkFormat(text) else { continue }
      #expect(result == text)
      count += 1
    }
    #expect(count > 0)
  }

  @Test(arguments: samplePrograms)
  func programsKeepTheirTokensAndComments(program: SampleProgram) throws {
    let text = try #require(checkFormat(program.text))
    for line in text.split(separator: "\n") where !line.contains("//") {
      #expect(line.utf8.count <= Formatter.width, "\(line)")
    }
  }

  /// Formatting changes no network: the hash of the elaborated graph stays.
  @Test func formattingKeepsTheHash() throws {
    var count = 0
    for program in networkPrograms {
      guard let text = checkFormat(program.text) else { continue }
      let before = hashes(program.text)
      #expect(before == hashes(text), "\(program.name)")
      count += before.count
    }
    #expect(count >= 5)
  }

  private func hashes(_ text: String) -> [String] {
    let program = Program.load(entry: SourceFile(name: "a.irlas", text: text)) { _ in .missing }
    return program.networks.compactMap { name in
      program.elaborate(network: name, arguments: []).elaboration.map { "\(name) \($0.graph.programHash)" }
    }
  }

  // MARK: The style

  @Test func chainsAlign() {
    check(
      """
      cell A(out, width) {
      in x
        h = x
      -> conv(1x1, width) -> bn -> relu
        -> conv(3x3, width, groups: 4) -> bn -> relu
            -> conv(1x1,out)->bn
        y = h -> dwconv(3x3, stride: 2) -> bn -> relu
          -> conv(1x1, out) -> bn
        return y
          -> Block(16, expand: 1)
          -> repeat 2 Block(128, stride: 2 then 1)
          -> repeat 10 Block(96) -> global_avg_pool
      }
      """,
      """
      cell A(out, width) {
        in x
        h = x
          -> conv(1x1, width)            -> bn -> relu
          -> conv(3x3, width, groups: 4) -> bn -> relu
          -> conv(1x1, out)              -> bn
        y = h -> dwconv(3x3, stride: 2) -> bn -> relu
              -> conv(1x1, out)         -> bn
        return y
          ->           Block( 16, expand: 1)
          -> repeat 2  Block(128, stride: 2 then 1)
          -> repeat 10 Block( 96) -> global_avg_pool
      }

      """)
  }

  @Test func statementsAndFieldsAlign() {
    check(
      """
      recipe R = Base {
        batch: 128


        data: cifar10 -> flip // pairs
        seed: 0 // none
      }
      cell A { in x a = x -> bn
        far = x -> relu // why
        return a + far }
      check A() { params == 1 }
      check A(width: 12) { macs == 2, }
      """,
      """
      recipe R = Base {
        batch: 128

        data: cifar10 -> flip  // pairs
        seed: 0                // none
      }

      cell A {
        in x
        a   = x -> bn
        far = x -> relu  // why
        return a + far
      }

      check A()          { params == 1 }
      check A(width: 12) { macs == 2 }

      """)
  }

  @Test func listsBreakWhereTheyDoNotFit() {
    check(
      """
      space A(c) {
        in x
        grow h[2..8] = choose(conv: pick(x, h) -> conv(choose(1x1, 3x3), c) -> bn, max_pool: pick(x, h) -> max_pool(3x3))
        n = choose(
          a: 1, bcd: 2,
        )
        return h.leaves -> (concat -> bn)
      }
      """,
      """
      space A(c) {
        in x
        grow h[2..8] = choose(
          conv:     pick(x, h) -> conv(choose(1x1, 3x3), c) -> bn,
          max_pool: pick(x, h) -> max_pool(3x3),
        )
        n = choose(
          a:   1,
          bcd: 2,
        )
        return h.leaves -> (concat -> bn)
      }

      """)
  }

  @Test func longValuesBreakInTheirOwnWay() {
    let long = "a_name_that_is_rather_long"
    check(
      """
      cell A(\(long)_1 = 1, \(long)_2: [Int] = [1, 2], \(long)_3 = 3x3) { in x return x }
      cell B { in x
        y = if \(long) == 1 { x -> conv(1x1, \(long)) } else if x.c == 2 { x -> bn } else { x }
        z = each v in y { v -> \(long)(1) -> \(long)(2) -> \(long)(3) } -> add
        return \(long)(x.c) + \(long)(x.h) + \(long)(x.w)
      }
      """,
      """
      cell A(
        \(long)_1 = 1,
        \(long)_2: [Int] = [1, 2],
        \(long)_3 = 3x3,
      ) {
        in x
        return x
      }

      cell B {
        in x
        y = if \(long) == 1 { x -> conv(1x1, \(long)) }
          else if x.c == 2 { x -> bn }
          else { x }
        z = each v in y {
          v
            -> \(long)(1)
            -> \(long)(2)
            -> \(long)(3)
        } -> add
        return \(long)(x.c)
          + \(long)(x.h)
          + \(long)(x.w)
      }

      """)
  }

  @Test func commentsStayWhereTheyAre() {
    check(
      """
      // first

      irlas 1 // version
      use std


      /// Doc.
      cell A( // opens
        /// The width.
        c, // after c
        d // last
      ) { // body
        // before in

        in x // input
        y = x // head
          // own
          -> bn // norm
          -> relu
        /* no */
      """.replacing("/* no */", with: "return f(y, // one\n [1, // two\n 2])\n\n // end\n}\n// eof\n"),
      """
      // first

      irlas 1  // version
      use std

      /// Doc.
      cell A(  // opens
        /// The width.
        c,  // after c
        d,  // last
      ) {   // body
        // before in

        in x   // input
        y = x  // head
          // own
          -> bn  // norm
          -> relu
        return f(
          y,  // one
          [
            1,  // two
            2,
          ],
        )

        // end
      }
      // eof

      """)
  }

  /// A comment with three slashes behind code documents nothing, so that an empty line may follow it.
  @Test func documentationStandsOnItsOwnLine() throws {
    let text = """
      irlas 1
      cell A { in x return x -> relu } /// behind
      /// above
      cell B(n, /// behind
        m) { in x return x -> relu }///
      cell C { in x return x }
      """
    let formatted = try #require(checkFormat(text))
    #expect(formatted.contains("}  /// behind\n\n/// above\ncell B"))
    let tree = parse(SourceFile(name: "a.irlas", text: text)).tree
    var documented: [String?] = []
    for case .module(let module) in tree.root.declarations {
      documented.append(module.node.documentation)
      documented += module.parameters.map(\.documentation)
    }
    #expect(documented == [nil, "above", nil, nil, nil])
  }

  @Test func textsWithMistakesStay() {
    #expect(checkFormat("cell A { in x return (x }") == nil)
    #expect(checkFormat("") == "")
    #expect(checkFormat("\u{FEFF}irlas 1\r\n\r\n\r\nuse std\r\n") == "irlas 1\nuse std\n")
  }

  // MARK: Laws

  /// Random programs of the grammar with blanks, line ends and comments thrown between their tokens.
  @Test func randomLayoutsObeyTheLaws() {
    let grammar = Grammar.language
    let seed: UInt64 = 27_182
    print("formatted programs of seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<1500 {
      let words = grammar.sentence(&random).split(separator: " ")
      let density = random.below(12)
      let text = words.reduce(into: "") { $0 += $1 + randomGap(density, &random) }
      guard checkFormat(text) != nil else {
        Issue.record("not a program: \(text)")
        return
      }
    }
  }

  /// The sample programs with comments and line ends thrown in at random places.
  @Test func disturbedSamplesObeyTheLaws() {
    let seed: UInt64 = 16_180
    print("disturbed programs of seed \(seed)")
    var random = SplitMix64(seed: seed)
    var count = 0
    for _ in 0..<600 {
      let program = samplePrograms[random.below(samplePrograms.count)]
      let tree = parse(SourceFile(name: "a.irlas", text: program.text)).tree
      let density = 1 + random.below(4)
      var bytes: [UInt8] = []
      for token in tree.tokens.indices {
        let trivia = Array(tree.source.utf8[tree.leadingTrivia(of: token)])
        bytes += trivia
        // A gap without a blank may be where none is allowed, as before an argument list.
        if !trivia.isEmpty, random.below(100) < density { bytes += randomGap(10, &random).utf8 }
        bytes += tree.source.utf8[tree.tokens[token].range]
      }
      if checkFormat(bytes) != nil { count += 1 }
    }
    #expect(count > 500)
  }

  /// Blanks, and with `density` in twelve a line end, with or without a comment.
  private func randomGap(_ density: Int, _ random: inout SplitMix64) -> String {
    var gap = " "
    while random.below(12) < density, random.below(3) == 0 {
      switch random.below(6) {
      case 0: gap += "\n\n"
      case 1: gap += " // plain \(random.below(10))\n"
      case 2: gap += "\n  // own\n"
      case 3: gap += "\n/// documentation\n"
      case 4: gap += "\n\n//! file\t \n\n"
      default: gap += "\r\n\t"
      }
    }
    return gap
  }

  /// Work follows the size of a text: nested brackets, the deepest that the parser takes, cost no more than flat ones.
  @Test func deepNestingIsCheap() {
    let deep = 120
    let value = String(repeating: "f(aaaaaaaaaaaa, ", count: deep) + "x" + String(repeating: ")", count: deep)
    let clock = ContinuousClock()
    let text = "cell A { in x return \(value) }"
    let time = clock.measure { checkFormat(text) }
    #expect(time < .seconds(5))
  }

  // MARK: Lines

  @Test func editsAreTheDifferenceInLines() throws {
    let source = SourceFile(
      name: "a.irlas", text: "irlas 1\ncell A { in x\n  return x }\ncell B {\n  in x\n  return x\n}")
    let edits = try formattingEdits(source)
    let bytes = try #require(applying(edits, to: source))
    #expect(try bytes == formatted(source))
    #expect(try formattingEdits(SourceFile(name: "a", utf8: bytes)).isEmpty)
    #expect(edits.allSatisfy { !$0.replacement.contains("in x\n  return x\n}\n\ncell B") })
  }

  @Test func differencesTurnOneTextIntoTheOther() {
    var random = SplitMix64(seed: 99)
    for _ in 0..<500 {
      let old = (0..<random.below(30)).map { _ in "line \(random.below(6))\n" }.joined()
      var lines = old.split(separator: "\n", omittingEmptySubsequences: false).map { $0 + "\n" }
      for _ in 0..<random.below(6) {
        let place = random.below(max(1, lines.count))
        if random.below(2) == 0, !lines.isEmpty {
          lines.remove(at: place)
        } else {
          lines.insert("new\n", at: place)
        }
      }
      let new = lines.joined()
      let difference = LineDifference(from: Array(old.utf8), to: Array(new.utf8))
      var result: [UInt8] = []
      var place = 0
      for change in difference.changes {
        for line in difference.old[place..<change.old.lowerBound] { result += line }
        for line in difference.new[change.new] { result += line }
        place = change.old.upperBound
      }
      for line in difference.old[place...] { result += line }
      #expect(String(decoding: result, as: UTF8.self) == new)
      #expect(difference.changes.isEmpty == (old == new))
    }
  }
}
