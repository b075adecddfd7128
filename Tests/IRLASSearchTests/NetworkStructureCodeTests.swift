import IRLASGraph
import IRLASSearch
import Testing

@Suite struct NetworkStructureCodeTests {
  /// The block of the published IRLAS network.
  static let published = "(1,1,1,0,0) (2,1,3,0,0) (3,5,0,0,2) (4,1,5,0,0) (5,1,1,3,0) (6,7,0,0,0)"

  @Test func textRoundTrips() throws {
    let code = try NetworkStructureCode(parsing: Self.published)
    #expect(code.description == Self.published)
    #expect(code.rows.count == 5)
    #expect(code.leaves == [1, 4, 5])
    let spaced = Self.published.replacing(",", with: " ,\n ")
    #expect(try NetworkStructureCode(parsing: spaced) == code)
  }

  @Test func thePublishedBlockHasThreeTimesItsChannels() throws {
    let code = try NetworkStructureCode(parsing: Self.published)
    let graph = try code.graph(name: "Block", input: .image(32, 56, 56), channels: 32, style: .separable)
    #expect(graph[graph.outputs[0].value].shape == .image(96, 56, 56))
    // Four separable convolutions of 32 to 32 channels: windows 1, 3, 5, 1, a 1x1 each, and batch norm.
    #expect(graph.parameterCount == 32 * (1 + 9 + 25 + 1) + 4 * (32 * 32 + 64))
    #expect(graph.macs == 56 * 56 * (32 * (1 + 9 + 25 + 1) + 4 * 32 * 32))
  }

  @Test(arguments: [
    ("", NetworkStructureCode.Issue.syntax(offset: 0, expected: "`(`")),
    ("(1,1,3,0,0)", .syntax(offset: 11, expected: "`(`")),
    ("(1,1,3,0)", .syntax(offset: 8, expected: "`,`")),
    ("(1,1,99999999999999999999,0,0)", .syntax(offset: 5, expected: "a whole number")),
    ("(2,1,3,0,0) (2,7,0,0,0)", .index(row: 1, found: 2)),
    ("(1,8,3,0,0) (2,7,0,0,0)", .unknownKind(row: 1, code: 8)),
    ("(1,1,2,0,0) (2,7,0,0,0)", .kernel(row: 1, kind: .convolution, found: 2)),
    ("(1,1,3,1,0) (2,7,0,0,0)", .predecessor(row: 1, found: 1)),
    ("(1,4,0,0,1) (2,7,0,0,0)", .predecessor(row: 1, found: 1)),
    ("(1,5,0,0,0) (2,7,0,0,0)", .equalPredecessors(row: 1)),
    ("(1,7,0,0,0) (2,1,3,0,0)", .syntax(offset: 12, expected: "the end of the text")),
  ])
  func mistakesAreNamed(text: String, issue: NetworkStructureCode.Issue) {
    #expect(throws: issue) { try NetworkStructureCode(parsing: text) }
    #expect(!issue.description.isEmpty)
  }

  @Test func aSumOfDifferentWidthsBreaksTheShapeRule() throws {
    let code = try NetworkStructureCode(parsing: "(1,1,3,0,0) (2,5,0,0,1) (3,7,0,0,0)")
    #expect(throws: ShapeIssue.self) {
      try code.graph(name: "Block", input: .image(3, 8, 8), channels: 16, style: .plain)
    }
  }
}
