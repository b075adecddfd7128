import IRLASGraph

/// The decisions of a relaxed run: each one is left open, and its options are weighed by the softmax of learned
/// numbers (Liu, Simonyan and Yang, "DARTS", ICLR 2019, equation 2). All copies of a decision share its numbers.
final class Relaxer {
  /// More options than this make no mixture that anybody could train.
  static let mostOptions = 1024

  /// A decision that was met.
  struct Decision {
    /// Its name, as when programs are drawn.
    let name: String
    /// What the options are called.
    let labels: [String]
    /// The parameter with one number for each option.
    let logits: NodeID
    /// The weights `[1, 1, 1]` of the options.
    let gates: [NodeID]
  }

  /// The decisions in the order in which they came up.
  private(set) var decisions: [Decision] = []
  /// What went wrong without a message of its own so far: what is said when nothing comes of the run.
  private(set) var reason: Diagnostic?
  private let settings: [(name: String, label: String)]
  private var indices: [String: Int] = [:]

  /// A run in which the given decisions are made already.
  init(settings: [(name: String, label: String)]) { self.settings = settings }

  /// The option of a decision that is made already.
  func setting(of name: String, _ labels: [String]) -> Int? {
    settings.first { $0.name == name }.flatMap { setting in labels.firstIndex { $0 == setting.label } }
  }

  /// The decision of that name, with numbers of its own the first time; nil when it had other options then.
  func decision(_ name: String, _ labels: [String], _ assembly: Assembly) throws(ShapeIssue) -> Int? {
    if let index = indices[name] { return decisions[index].labels.count == labels.count ? index : nil }
    let previous = assembly.builder
    let origin = assembly.origin
    do throws(ShapeIssue) {
      let (result, parameters) = try assembly.builder.atRoot { (builder) throws(ShapeIssue) in
        try builder.learned(.image(labels.count, 1, 1), .constant(0), name: "choice", origin: origin)
      }
      let weights = try assembly.builder.atRoot { (builder) throws(ShapeIssue) in
        try builder.add(.softmax, [result], name: "choice.weights", origin: origin)
      }
      var gates: [NodeID] = []
      for option in labels.indices {
        gates.append(
          try assembly.builder.atRoot { (builder) throws(ShapeIssue) in
            try builder.add(
              .slice(axis: .channel, start: option, length: 1), [weights], name: "choice.weight",
              origin: origin)
          })
      }
      decisions.append(
        Decision(name: name, labels: labels, logits: parameters.values[0], gates: gates))
    } catch {
      assembly.builder = previous
      throw error
    }
    indices[name] = decisions.count - 1
    return decisions.count - 1
  }

  /// Keeps the first reason why a value is missing.
  func note(_ diagnostic: Diagnostic) { reason = reason ?? diagnostic }

  // MARK: Markers

  /// Stands on the stack for all options of a decision, where an option's index stands otherwise.
  static func marker(ofDecision index: Int) -> Int { -1 - index }

  /// The decision that a marker stands for.
  static func decision(ofMarker marker: Int) -> Int { -1 - marker }
}

/// What several layers make of the same input, weighed.
struct LayerMixture: Sendable {
  /// The decision, for messages.
  let name: String
  /// The weights `[1, 1, 1]` of the layers.
  let gates: [NodeID]
  /// The layers.
  var layers: [LayerValue]
}

/// What the elements of a list are mixtures of, so that `each` can go through the alternatives one by one: they need
/// not have equal shapes, only what is made of them.
final class Superposition: Sendable {
  /// A value that an element may be, and its weight.
  struct Alternative: Sendable {
    let value: Value
    let gate: NodeID
  }

  /// For each element what it may be.
  let elements: [[Alternative]]
  /// The decision, for messages.
  let name: String
  /// The text of the choice, for messages.
  let span: SourceSpan

  init(_ elements: [[Alternative]], name: String, span: SourceSpan) {
    self.elements = elements
    self.name = name
    self.span = span
  }
}

/// Alternatives that are evaluated one after the other in a frame.
struct Fork {
  /// What the alternatives are.
  enum Kind {
    /// The options of a `choose`, which end at a label.
    case options(end: Int, [Option])
    /// The body of an `each`, which begins at an instruction, with one value after the other in a slot.
    case element([Superposition.Alternative], slot: Int, index: Int, body: Int, names: DecisionTrail.Names)
  }

  /// An option of `choose`.
  enum Option {
    /// A value that exists already.
    case value(Value)
    /// Code that makes one.
    case code(label: Int)
  }

  let kind: Kind
  /// The decision, for messages.
  let name: String
  /// The weights of the alternatives.
  let gates: [NodeID]
  /// The text of the choice, for messages.
  let span: SourceSpan
  /// What the alternatives came to so far.
  var results: [Value] = []
}
