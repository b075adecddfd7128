import IRLASGraph

/// Translates the body of one module, or one lone expression, to instructions, and reports what can be known
/// without running them: unknown and duplicate names, unused bindings, arguments that fit no parameter.
///
/// Works through an explicit stack of steps, so that nesting costs no native stack.
final class Lowering {
  /// What surrounds an expression in the text.
  struct Context {
    /// The slot with the copy's index of the innermost `repeat`.
    var copySlot: Int?
    /// The slot with the shape of the other operands of the sum.
    var peerSlot: Int?
    /// Whether the expression stands after an arrow.
    var isLink = false
    /// The bytes of ` -> fit` directly after the expression.
    var fitAfter: SourceSpan?
    /// What decisions here are called.
    var path = DecisionPath()
    /// Whether the expression is all that a binding binds.
    var isWholeBinding = false
    /// Whether the chain around a choice ends its option, once it has applied it.
    var endsOptionLater = false

    /// The context of a part of that name.
    func named(_ name: String) -> Context {
      var inner = self
      inner.path.parts.append(.name(name))
      return inner
    }

    /// The context of the element or copy whose index is in the slot.
    func element(_ slot: Int) -> Context {
      var inner = self
      inner.path.parts.append(.index(slot: slot))
      return inner
    }
  }

  /// What is left to do, last first.
  fileprivate enum Step {
    case expression(ExpressionSyntax, Context)
    case run((Lowering) -> Void)
  }

  /// A name of the module.
  struct Local {
    /// Where its value is.
    let slot: Int
    /// Where it is bound.
    let span: SourceSpan
    /// Whether to report the name when nothing reads it.
    let mustBeUsed: Bool
    /// Whether something reads it.
    var isUsed = false
    /// How often it is read.
    var useCount = 0
    /// Whether it is a list that `grow` builds, which needs a name.
    var isGrown = false
  }

  /// Bounds the work on broken programs: beyond it messages are dropped and no near names are looked for.
  final class Budget {
    /// How many messages are still kept.
    var messages = 1000
    /// How many more names are compared with all others.
    var suggestions = 200
    /// How many more pairs of names are compared.
    var comparisons = 100_000
    /// The names of cells that a file sees, by file, once they were asked for.
    var moduleNames: [Int: [String]] = [:]
  }

  /// The longest chain, sum or list of the text that is unfolded.
  static let longest = 200_000

  /// What the names at the top of the files mean.
  let names: NameTable
  /// The file whose scope names are looked up in.
  let file: Int
  /// What is left for messages, shared by all modules of a program.
  let budget: Budget
  private(set) var code = Code()
  private(set) var diagnostics: [Diagnostic] = []
  /// Modules that the code names, with where: the edges along which cells could recurse.
  private(set) var references: [(module: Int, span: SourceSpan)] = []

  fileprivate var steps: [Step] = []
  /// All names by index; `scopes` maps words to them.
  private var locals: [Local] = []
  private var scopes: [[String: Int]] = [[:]]
  /// See `peerTokens(of:_:)`.
  var peerTokens: [Int] = []
  /// Sizes bound by input shapes, with their names.
  var symbolicSizes: [(local: Int, name: String, span: SourceSpan)] = []
  /// Names that the module binds later, for a better message.
  var laterNames: [String: SourceSpan] = [:]
  /// Names that were read before they are bound: they are used all the same.
  var earlyNames: Set<String> = []
  /// Whether decisions may stand here: the module is a space.
  var isSpace = false
  /// The names that decisions of the module have so far.
  var decisionNames: Set<DecisionPath> = []
  /// The first place in a cell or network that only a space may hold.
  var firstChoice: SourceSpan?
  /// Names in text that is no statement: one of them may be a binding that could not be read.
  var doubtfulNames: Set<String> = []

  /// Lowers in the scope of a file.
  init(names: NameTable, file: Int, budget: Budget = Budget()) {
    self.names = names
    self.file = file
    self.budget = budget
  }

  // MARK: Steps

  /// Does `first` now and everything it schedules, until nothing is left.
  func run(_ first: @escaping (Lowering) -> Void) {
    steps.append(.run(first))
    while let step = steps.popLast() {
      switch step {
      case .run(let body): body(self)
      case .expression(let expression, let context): lower(expression, context)
      }
    }
  }

  /// A list of steps under construction, in the order in which they happen.
  struct Sequence {
    fileprivate var steps: [Step] = []

    /// Evaluates an expression.
    mutating func value(_ expression: ExpressionSyntax, _ context: Context) {
      steps.append(.expression(expression, context))
    }

    /// Runs code at this point.
    mutating func run(_ body: @escaping (Lowering) -> Void) { steps.append(.run(body)) }

    /// Emits an instruction at this point.
    mutating func emit(_ instruction: Instruction, _ span: SourceSpan) {
      run { $0.emit(instruction, span) }
    }

    /// Places a label at this point.
    mutating func place(_ label: Int) { run { $0.place(label) } }
  }

  /// Schedules a sequence before everything that is already waiting.
  func schedule(_ build: (inout Sequence) -> Void) {
    var sequence = Sequence()
    build(&sequence)
    steps += sequence.steps.reversed()
  }

  // MARK: Code

  /// Appends an instruction.
  func emit(_ instruction: Instruction, _ span: SourceSpan) {
    code.instructions.append(instruction)
    code.spans.append(span)
  }

  /// A label to be placed later.
  func newLabel() -> Int {
    code.targets.append(0)
    return code.targets.count - 1
  }

  /// Places a label before the next instruction.
  func place(_ label: Int) { code.targets[label] = code.instructions.count }

  /// A slot that no name of the text reaches.
  func newSlot(_ name: String? = nil) -> Int {
    code.slotCount += 1
    code.slotNames.append(name)
    code.slotSpans.append(nil)
    return code.slotCount - 1
  }

  /// Reports and pushes poison in place of the value.
  func fail(_ diagnostic: Diagnostic, _ span: SourceSpan) {
    report(diagnostic)
    emit(.constant(.poison), span)
  }

  /// Reports.
  func report(_ diagnostic: Diagnostic) {
    guard budget.messages > 0 else { return }
    budget.messages -= 1
    diagnostics.append(diagnostic)
  }

  /// The candidate nearest to a misspelt name, while the budget lasts.
  func near(_ name: String, _ candidates: @autoclosure () -> [String]) -> String? {
    guard budget.suggestions > 0, budget.comparisons > 0, budget.messages > 0 else { return nil }
    budget.suggestions -= 1
    let compared = candidates().prefix(5000)
    budget.comparisons -= compared.count
    return nearest(to: name, among: compared)
  }

  /// Notes where a metric of the network is to be stored.
  func setMetricSlot(_ metric: Metric, _ slot: Int) { code.metricSlots[metric] = slot }

  /// Keeps what a call needs and returns its index.
  func add(_ site: CallSite) -> Int {
    code.calls.append(site)
    return code.calls.count - 1
  }

  /// Keeps what a sum or product needs and returns its index.
  func add(_ site: OperationSite) -> Int {
    code.operations.append(site)
    return code.operations.count - 1
  }

  /// Keeps what a decision needs and returns its index.
  func add(_ site: ChoiceSite) -> Int {
    code.choices.append(site)
    return code.choices.count - 1
  }

  /// Keeps the name of a sampled layer and returns its index.
  func add(_ path: DecisionPath) -> Int {
    code.paths.append(path)
    return code.paths.count - 1
  }

  /// Keeps what a requirement needs and returns its index.
  func add(_ site: RequirementSite) -> Int {
    code.requirements.append(site)
    return code.requirements.count - 1
  }

  /// Notes how `return` names the outputs.
  func setOutputs(_ outputs: [OutputSite]) { code.outputs = outputs }

  /// Notes that the code names a module.
  func noteReference(_ module: Int, _ span: SourceSpan) { references.append((module, span)) }

  // MARK: Names

  /// Opens a scope of names: the body of `each`, the copies of a `repeat`.
  func pushScope() { scopes.append([:]) }

  /// Closes the innermost scope.
  func popScope() { scopes.removeLast() }

  /// Binds a name to a slot in the innermost scope.
  @discardableResult
  func define(
    _ name: String, slot: Int, span: SourceSpan, mustBeUsed: Bool = false, isGrown: Bool = false
  ) -> Int {
    var local = Local(slot: slot, span: span, mustBeUsed: mustBeUsed, isGrown: isGrown)
    if earlyNames.contains(name) {
      local.isUsed = true
      local.useCount = 1
    }
    locals.append(local)
    code.slotSpans[slot] = span
    scopes[scopes.count - 1][name] = locals.count - 1
    laterNames[name] = nil
    return locals.count - 1
  }

  /// Looks a name up without counting it as a use.
  func find(_ name: String) -> Local? {
    for scope in scopes.reversed() {
      if let index = scope[name] { return locals[index] }
    }
    return nil
  }

  /// Looks a name up and counts it as a use.
  func use(_ name: String) -> Local? {
    for scope in scopes.reversed() {
      if let index = scope[name] {
        locals[index].isUsed = true
        locals[index].useCount += 1
        return locals[index]
      }
    }
    return nil
  }

  /// Sets whether the name counts as used so far.
  func setUsed(_ name: String, _ isUsed: Bool) {
    for scope in scopes.reversed() {
      if let index = scope[name] {
        locals[index].isUsed = isUsed
        return
      }
    }
  }

  /// All names in scope in the order of their definition.
  var visibleNames: [String] {
    var found: [(Int, String)] = []
    for scope in scopes { for (name, index) in scope { found.append((index, name)) } }
    return found.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// The names that must be read and are not, in the order of the text, with their spans.
  var unusedLocals: [Local] { locals.filter { $0.mustBeUsed && !$0.isUsed } }

  /// How often a name, by the index that `define` gave, is read.
  func useCount(_ local: Int) -> Int { locals[local].useCount }
}
