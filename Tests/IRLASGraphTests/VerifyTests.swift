import Testing

@testable import IRLASGraph

@Suite struct VerifyTests {
  /// image -> relu in a copy of a repetition; an update of a parameter.
  static let good = """
    irlas graph 1 "N"
    scope @0 network "N"
    scope @1 repeat 2 "repeat" in @0
    scope @2 copy 0 "0" in @1
    %0 = input(index: 0) : [2, 4, 4] in @0 "image"
    %1 = relu %0 : [2, 4, 4] in @2 "relu"
    %2 = parameter(role: weight, fan_in: 3) : {2} in @0 "w"
    %3 = parameter(role: weight, fan_in: 3) : {2} in @0 "v"
    output "output" = %1
    update %2 = %3
    """

  @Test func goodGraphHasNoIssues() throws { #expect(try Graph(parsing: Self.good).verify() == []) }

  /// Each defect of a good graph is found, at its place, alone.
  @Test(arguments: [
    ("network \"N\"", "cell \"N\"", "2:1: the graph: the first scope, and only it, is the network"),
    (
      "copy 0 \"0\" in @1", "copy 0 \"0\" in @0",
      "4:1: scope @2: copies, and nothing else, stand in a repetition"
    ),
    (
      "copy 0 \"0\" in @1", "cell \"0\" in @1",
      "4:1: scope @2: copies, and nothing else, stand in a repetition"
    ),
    ("copy 0", "copy 2", "4:1: scope @2: copy 2 of a repetition of 2"),
    ("in @1\n%0", "in @2\n%0", "4:1: scope @2: the parent is not an earlier scope"),
    ("repeat 2", "repeat 0", "3:1: scope @1: a repetition of 0 copies"),
    ("in @2 \"relu\"", "in @1 \"relu\"", "6:1: node %1: stands in a repetition, outside its copies"),
    ("in @2 \"relu\"", "in @9 \"relu\"", "6:1: node %1: its scope does not exist"),
    ("\"w\"", "\"image\"", "7:1: node %2: another node or scope has the path `image`"),
    ("\"w\"", "\"repeat.0.relu\"", "7:1: node %2: another node or scope has the path `repeat.0.relu`"),
    ("\"w\"", "\"\"", "7:1: node %2: has no name"),
    ("relu %0", "relu %2", "6:1: node %1: its operand %2 is not an earlier node"),
    ("relu %0 : [2, 4, 4]", "relu %0 : [2, 4, 5]", "6:1: node %1: has shape [2, 4, 4], but says [2, 4, 5]"),
    ("relu %0", "relu %0 %0", "6:1: node %1: takes 1 inputs, not 2"),
    ("index: 0", "index: 1", "5:1: node %0: input 1 is given twice or leaves a gap"),
    (
      "fan_in: 3) : {2} in @0 \"w\"", "fan_in: 0) : {2} in @0 \"w\"",
      "7:1: node %2: its attribute `fan_in` is out of range"
    ),
    ("output \"output\" = %1", "output \"output\" = %0", "6:1: node %1: nothing reads it"),
    ("output \"output\" = %1", "output \"output\" = %7", "9:1: output 0: its node does not exist"),
    ("update %2 = %3", "update %1 = %3\nupdate %2 = %2", "10:1: update 0: %1 is not a parameter or state"),
    ("update %2 = %3", "update %2 = %3\nupdate %2 = %2", "11:1: update 1: %2 is updated twice"),
    (
      "update %2 = %3", "update %2 = %0\nupdate %3 = %3",
      "10:1: update 0: a value of shape [2, 4, 4] for a target of shape {2}"
    ),
    ("update %2 = %3", "update %2 = %9", "10:1: update 0: its target or value does not exist"),
  ])
  func eachDefectIsFound(old: String, new: String, message: String) throws {
    let text = try #require(Self.good.ranges(of: old).count == 1 ? Self.good.replacing(old, with: new) : nil)
    var found: String?
    do { _ = try Graph(parsing: text) } catch { found = "\(error)" }
    #expect(found == message)
  }
}
