/// What is wrong with a graph: an error of whoever built it, never of a program's author.
package enum GraphIssue: Hashable, Sendable {
  /// Where an issue is: how the text form maps it to a line.
  package enum Place: Hashable, Sendable {
    case graph
    case node(NodeID)
    case scope(ScopeID)
    case output(Int)
    case update(Int)
  }

  /// The first scope must be the network, without a parent, and the only one.
  case rootScope
  /// The parent of a scope must be an earlier scope.
  case parentNotEarlier(ScopeID)
  /// A copy stands directly in a repetition, below its count, once; a repetition holds copies only.
  case copyOutsideRepetition(ScopeID)
  case copyIndex(ScopeID, index: Int, count: Int)
  case copyTwice(ScopeID, index: Int)
  case repetitionCount(ScopeID, count: Int)
  case scopeMissing(NodeID)
  /// Nodes cannot stand directly in a repetition, only in its copies.
  case outsideCopy(NodeID)
  case emptyName(Place)
  /// Two nodes or scopes have the same instance path.
  case duplicatePath(Place, path: String)
  /// Every operand must be an earlier node.
  case inputNotEarlier(NodeID, input: NodeID)
  case shape(NodeID, ShapeIssue)
  case shapeDiffers(NodeID, stored: Shape, inferred: Shape)
  /// An attribute that no shape rule looks at has no sensible value.
  case attribute(NodeID, name: String)
  /// Input indices must be 0, 1, ... without gaps or repetitions.
  case inputIndex(NodeID, index: Int)
  /// Nothing reads the node, and it is not one of the network's inputs.
  case dead(NodeID)
  case outputMissing(Int)
  case updateMissing(Int)
  case updateTarget(Int, NodeID)
  case updateShape(Int, target: Shape, value: Shape)
  case updatedTwice(Int, NodeID)

  package var place: Place {
    switch self {
    case .rootScope: .graph
    case .parentNotEarlier(let scope), .copyOutsideRepetition(let scope), .copyIndex(let scope, _, _),
      .copyTwice(let scope, _), .repetitionCount(let scope, _):
      .scope(scope)
    case .scopeMissing(let node), .outsideCopy(let node), .inputNotEarlier(let node, _), .shape(let node, _),
      .shapeDiffers(let node, _, _), .attribute(let node, _), .inputIndex(let node, _), .dead(let node):
      .node(node)
    case .emptyName(let place), .duplicatePath(let place, _): place
    case .outputMissing(let index): .output(index)
    case .updateMissing(let index), .updateTarget(let index, _), .updateShape(let index, _, _),
      .updatedTwice(let index, _):
      .update(index)
    }
  }
}

extension GraphIssue.Place: CustomStringConvertible {
  package var description: String {
    switch self {
    case .graph: "the graph"
    case .node(let id): "node \(id)"
    case .scope(let id): "scope @\(id.index)"
    case .output(let index): "output \(index)"
    case .update(let index): "update \(index)"
    }
  }
}

extension GraphIssue: CustomStringConvertible {
  package var description: String { "\(place): \(reason)" }

  /// The issue without its place.
  package var reason: String {
    switch self {
    case .rootScope: "the first scope, and only it, is the network"
    case .parentNotEarlier: "the parent is not an earlier scope"
    case .copyOutsideRepetition: "copies, and nothing else, stand in a repetition"
    case .copyIndex(_, let index, let count): "copy \(index) of a repetition of \(count)"
    case .copyTwice(_, let index): "there is another copy \(index)"
    case .repetitionCount(_, let count): "a repetition of \(count) copies"
    case .scopeMissing: "its scope does not exist"
    case .outsideCopy: "stands in a repetition, outside its copies"
    case .emptyName: "has no name"
    case .duplicatePath(_, let path): "another node or scope has the path `\(path)`"
    case .inputNotEarlier(_, let input): "its operand \(input) is not an earlier node"
    case .shape(_, let issue): "\(issue)"
    case .shapeDiffers(_, let stored, let inferred): "has shape \(inferred), but says \(stored)"
    case .attribute(_, let name): "its attribute `\(name)` is out of range"
    case .inputIndex(_, let index): "input \(index) is given twice or leaves a gap"
    case .dead: "nothing reads it"
    case .outputMissing: "its node does not exist"
    case .updateMissing: "its target or value does not exist"
    case .updateTarget(_, let target): "\(target) is not a parameter or state"
    case .updateShape(_, let target, let value): "a value of shape \(value) for a target of shape \(target)"
    case .updatedTwice(_, let target): "\(target) is updated twice"
    }
  }
}
