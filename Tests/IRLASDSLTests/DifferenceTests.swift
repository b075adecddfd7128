import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// What changed between two networks.
@Suite struct DifferenceTests {
  static let original = """
    irlas 1
    use std
    cell Block(c, stride = 1) {
      in x
      h = x
        -> conv(3x3, c, stride: stride) -> bn -> relu
        -> conv(3x3, c)                 -> bn
      return h + (x -> fit) -> relu
    }
    network Net {
      in image: [3, 16, 16]
      return image
        -> conv(3x3, 16) -> bn -> relu
        -> repeat 3 Block(16)
        -> repeat 3 Block(32, stride: 2 then 1)
        -> global_avg_pool -> dropout(0.1) -> linear(10)
    }
    """

  /// One edit of the text, and all the lines of its report.
  struct Edit: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var report: [String]
    var testDescription: String { "\(old) -> \(new)" }
  }

  static let edits = [
    Edit(
      old: "repeat 3 Block(16)", new: "repeat 4 Block(16)",
      report: ["Net: repeat 3 Block became repeat 4 Block"]),
    Edit(
      old: "-> conv(3x3, c)  ", new: "-> conv(5x5, c)  ",
      report: ["Block: conv(3x3, ...) became conv(5x5, ...)"]),
    Edit(old: "dropout(0.1)", new: "dropout(0.2)", report: ["Net: dropout(0.1) became dropout(0.2)"]),
    Edit(old: "dropout(0.1) -> ", new: "", report: ["Net: dropout(0.1) removed"]),
    Edit(old: "linear(10)", new: "linear(100)", report: ["Net: linear(10) became linear(100)"]),
    Edit(
      old: "conv(3x3, 16) -> bn -> relu", new: "conv(3x3, 16) -> bn -> silu",
      report: ["Net: relu became silu"]),
    Edit(old: "return h + (x -> fit) -> relu", new: "return h + (x -> fit)", report: ["Block: relu removed"]),
    Edit(
      old: "return h + (x -> fit) -> relu", new: "return h + (x -> fit) -> relu -> dropout(0.5)",
      report: ["Block: dropout(0.5) added"]),
    Edit(old: "[3, 16, 16]", new: "[3, 32, 32]", report: ["Net: input [3, 16, 16] became input [3, 32, 32]"]),
    Edit(
      old: "repeat 3 Block(32, stride: 2 then 1)", new: "repeat 3 Block(64, stride: 2 then 1)",
      report: [
        "Net: Block(32, stride: 2) became Block(64, stride: 2)",
        "Net: Block(32, stride: 1) became Block(64, stride: 1)",
      ]),
    Edit(
      old: "repeat 3 Block(16)", new: "repeat 3 (conv(3x3, 16) -> relu)",
      report: ["Net: repeat 3 Block(16) became repeat 3 (conv(3x3, 16) -> relu)"]),
    Edit(
      old: "-> global_avg_pool", new: "-> max_pool(2x2, stride: 2) -> global_avg_pool",
      report: ["Net: max_pool(2x2, stride: 2) added"]),
    Edit(
      old: "-> bn\n  return h", new: "\n  return h", report: ["Block: bn removed"]),
  ]

  static func difference(_ a: String, _ b: String) throws -> GraphDifference {
    try IRLASDSL.difference(from: RaisingTests.graph(a), to: RaisingTests.graph(b))
  }

  static func report(_ difference: GraphDifference) -> [String] {
    difference.changes.map { "\($0.place): \($0.text)" }
  }

  @Test(arguments: edits)
  func oneEditIsOneReport(edit: Edit) throws {
    let edited = Self.original.replacing(edit.old, with: edit.new)
    #expect(edited != Self.original)
    let there = try Self.difference(Self.original, edited)
    #expect(Self.report(there) == edit.report)
    // And back: the same places, with before and after exchanged.
    let back = try Self.difference(edited, Self.original)
    #expect(back.changes.count == there.changes.count)
    for (one, other) in zip(there.changes, back.changes) {
      #expect(one.before == other.after)
      #expect(one.after == other.before)
      #expect(one.place == other.place)
      #expect(one.paths.count == other.paths.count)
    }
    #expect(there.before == back.after)
    #expect(there.after == back.before)
    #expect(!there.isEmpty)
  }

  @Test func connectionsAreCompared() throws {
    func network(_ sum: String) -> String {
      """
      irlas 1
      network Net {
        in image: [3, 8, 8]
        a = image -> conv(3x3, 8)
        b = a -> relu
        d = b -> conv(3x3, 8)
        return \(sum) -> conv(1x1, 2) + (b -> conv(1x1, 2)) + (a -> conv(1x1, 2)) + (d -> conv(1x1, 2))
      }
      """
      .replacing("\(sum) -> conv(1x1, 2) +", with: "(\(sum) -> conv(1x1, 2)) +")
    }
    let there = try Self.difference(network("(b + d)"), network("(b + d + a)"))
    #expect(Self.report(there) == ["Net: now add reads conv"])
    #expect(there.changes.map(\.kind) == [.connection])
    let moved = try Self.difference(network("(b + d)"), network("(a + d)"))
    #expect(Self.report(moved) == ["Net: add reads relu no more", "Net: now add reads conv"])
    let back = try Self.difference(network("(b + d + a)"), network("(b + d)"))
    #expect(Self.report(back) == ["Net: add reads conv no more"])
  }

  @Test func equalProgramsAreEqual() throws {
    let reordered = Self.original.replacing("h + (x -> fit)", with: "(x -> fit) + h")
      .replacing("Block", with: "Unit")
    let same = try Self.difference(Self.original, reordered)
    #expect(same.isEmpty)
    #expect(same.before == same.after)
    #expect(try Self.difference(Self.original, Self.original).isEmpty)
  }

  @Test func cellsThatAreReplacedAreNamed() throws {
    let other = Self.original.replacing(
      "network Net", with: "cell Wide(c) { in x return x -> conv(5x5, c) -> silu }\nnetwork Net"
    ).replacing("repeat 3 Block(16)", with: "repeat 3 Wide(16)")
    #expect(
      Self.report(try Self.difference(Self.original, other)) == [
        "Net: repeat 3 Block(16) became repeat 3 Wide(16)"
      ])
  }

  /// Whatever the two graphs are, there is a report exactly where the hashes differ, and it can be turned round.
  @Test func randomProgramsAreCompared() throws {
    var graphs: [Graph] = []
    var seed: UInt64 = 500
    while graphs.count < 12 {
      let program = Program.load(
        entry: SourceFile(name: "a", text: RandomProgram.make(seed: seed)), loader: { _ in .missing })
      if let graph = program.elaborate(network: "Net").elaboration?.graph { graphs.append(graph) }
      seed += 1
    }
    for a in graphs {
      for b in graphs {
        let difference = IRLASDSL.difference(from: a, to: b)
        #expect(difference.isEmpty == (a.programHash == b.programHash), "before seed \(seed)")
      }
    }
  }
}
