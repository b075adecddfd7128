import IRLASGraph

/// Limits that keep every elaboration short, whatever the text.
package struct ElaborationLimits: Hashable, Sendable {
  /// How many nodes and scopes a graph may have.
  package var nodes = 200_000
  /// How many instructions may run.
  package var steps = 20_000_000
  /// How deeply cells, repeats and compositions may nest.
  package var depth = 256
  /// How many elements a list may have.
  package var elements = 100_000
  /// How deeply lists and layers may nest as values.
  package var nesting = 256

  /// The limits of the command line.
  package init() {}
}

/// Runs lowered code: a stack machine whose frames are cells, compositions, repeats and shared layers in progress.
///
/// An error never stops the machine: it is reported once, and poison takes the place of the value. Only a
/// program that exceeds a limit halts it.
final class Machine {
  /// Something in progress.
  struct Frame {
    /// What it is.
    enum Work {
      /// A module's code.
      case code
      /// One layer after the other, `next` being the next one.
      case composition([LayerValue], next: Int)
      /// Copies of layers, `next` being the next copy.
      case repetition(count: Int, [LayerValue], next: Int)
      /// The end of an application of a shared layer.
      case sharing
      /// The end of an application of a sampled layer.
      case sampling
      /// The layers of a mixture, applied to the same input one after the other; `isWaiting` for the result of one.
      case mixing(LayerMixture, input: Value, results: [Value], isWaiting: Bool)
    }

    /// What it is.
    var work: Work
    /// Where the application stands.
    var site: SourceSpan
    /// The code that runs; nil for work that is no code.
    var code: CompiledCode?
    /// The next instruction.
    var pc = 0
    /// The slots; nil where nothing was given or bound.
    var locals: [Value?] = []
    /// The module whose code runs; nil for a lone expression.
    var module: Int?
    /// The cell that is applied.
    var layer: LayerValue?
    /// The tensors that the cell was applied to.
    var inputs: [Tensor] = []
    /// The first two links of the chain whose first arrow is being followed.
    var chain: (start: SourceSpan, link: SourceSpan)?
    /// The height of the value stack when the frame began.
    var stackBase = 0
    /// What decisions are called; spaces only.
    var path: String?
    /// Alternatives that are being evaluated, innermost last; relaxed runs only.
    var forks: [Fork] = []
  }

  /// What a run is for.
  enum Mode {
    /// Makes a graph, or evaluates a lone expression.
    case building
    /// Finds the decisions that there are: tensors are unknown, and the run waits at every decision.
    case counting
  }

  /// Lowered code, shared by all frames that run it.
  final class CompiledCode: Sendable {
    /// The instructions and what they need.
    let code: Code
    /// Boxes lowered code.
    init(_ code: Code) { self.code = code }
  }

  /// What the names at the top of the files mean.
  let names: NameTable
  /// The code of every module; nil for modules that recurse.
  let codes: [CompiledCode?]
  /// When to stop.
  let limits: ElaborationLimits
  /// The graph under construction; nil while lone expressions are evaluated.
  let assembly: Assembly?
  /// Values in use.
  var stack: [Value] = []
  /// What is in progress, innermost last.
  var frames: [Frame] = []
  private(set) var diagnostics: [Diagnostic] = []
  private var reported: Set<Reported> = []
  /// Set when a limit is exceeded or the network has no result.
  var isHalted = false
  /// Instructions run so far, with the elements of lists that were copied.
  var steps = 0
  /// The keys of shared layers that were applied before.
  var appliedShared: Set<Int> = []
  /// The finished graph of the network.
  var result: Graph?
  /// A cell that is applied as one op, whatever the shapes; see `applyOpaque`.
  var opaqueModule: Int?
  /// The scopes of its applications.
  var opaqueScopes: Set<ScopeID> = []
  /// Told what each place of the text comes to; nil where nobody asks.
  var observer: ElaborationObserver?
  /// What the run is for.
  let mode: Mode
  /// Who decides; nil where nothing may be open.
  var trail: DecisionTrail?
  /// Set where nothing is decided: all options are evaluated and mixed.
  var relaxer: Relaxer?
  /// While counting: how many options the decision has that the run waits at.
  var pending: Int?
  /// While counting: what stands in the way of an exact number.
  var countingLimits = CountingLimits()
  /// While counting: the sampled layers that were applied.
  var appliedSamples: Set<String> = []
  /// While counting: for each module whether an application decides and requires nothing, so that it can be skipped.
  lazy var isPlain: [Bool] = plainModules()

  private struct Reported: Hashable {
    let code: DiagnosticCode
    let span: SourceSpan
  }

  /// A machine without frames.
  init(
    names: NameTable, codes: [CompiledCode?], limits: ElaborationLimits, assembly: Assembly?,
    mode: Mode = .building
  ) {
    self.mode = mode
    self.names = names
    self.codes = codes
    self.limits = limits
    self.assembly = assembly
  }

  /// Evaluates code that stands for one value.
  func evaluate(_ code: Code, locals: [Int: Value] = [:]) -> Value {
    var slots = [Value?](repeating: nil, count: code.slotCount)
    for slot in code.slotNames.indices { slots[slot] = locals[slot] }
    let span = code.spans.first ?? SourceSpan(file: SourceID(0), 0..<0)
    frames.append(Frame(work: .code, site: span, code: CompiledCode(code), locals: slots))
    run()
    return isHalted ? .poison : stack.popLast() ?? .poison
  }

  /// Runs until no frame is left or a limit is exceeded.
  func run() {
    while !isHalted, pending == nil, let frame = frames.last {
      if steps > limits.steps { return haltAtSteps(frame.site) }
      switch frame.work {
      case .code: runCode()
      case .composition(let layers, let next):
        guard next < layers.count, let input = stack.last, !input.isPoison else {
          observer?.note(frame.site, stack.last, assembly)
          frames.removeLast()
          continue
        }
        frames[frames.count - 1].work = .composition(layers, next: next + 1)
        stack.removeLast()
        apply(layers[next], to: input, site: layers[next].span)
      case .repetition(let count, let layers, let next):
        advanceRepetition(count, layers, next)
      case .sharing:
        assembly?.endSharing()
        frames.removeLast()
      case .sampling:
        trail?.endSample()
        frames.removeLast()
      case .mixing(let mixture, let input, let results, let isWaiting):
        advanceMixture(mixture, input, isWaiting ? results + [pop()] : results)
      }
    }
  }

  private func advanceRepetition(_ count: Int, _ layers: [LayerValue], _ next: Int) {
    let top = frames.count - 1
    if next > 0 { assembly?.builder.closeScope() }
    guard next < count, let input = stack.last, !input.isPoison else {
      assembly?.builder.closeScope()
      observer?.note(frames[top].site, stack.last, assembly)
      frames.removeLast()
      return
    }
    guard mayGrow(by: 1, at: frames[top].site) else { return }
    frames[top].work = .repetition(count: count, layers, next: next + 1)
    let layer = layers[layers.count == 1 ? 0 : next]
    let origin = assembly?.origin(of: layer.span) ?? 0
    assembly?.builder.openScope(.copy(index: next), name: "\(next)", label: layer.name, origin: origin)
    stack.removeLast()
    apply(layer, to: input, site: layer.span)
  }

  /// Runs instructions of the top frame until another frame is on top.
  private func runCode() {
    let depth = frames.count
    let top = depth - 1
    guard let compiled = frames[top].code else {
      frames.removeLast()
      return
    }
    // One copy for the whole run: taking it from the box at every step would count references at every step.
    let code = compiled.code
    while frames.count == depth, !isHalted, pending == nil {
      let pc = frames[top].pc
      guard pc < code.instructions.count else {
        frames.removeLast()
        return
      }
      frames[top].pc = pc + 1
      steps += 1
      if steps > limits.steps {
        return haltAtSteps(code.spans[pc])
      }
      execute(code.instructions[pc], code, code.spans[pc])
    }
  }

  /// Counts the work of going through a list.
  func charge(_ value: Value) {
    if case .list(let list) = value { steps += list.elements.count }
  }

  // MARK: Stack

  /// Takes the value on top.
  func pop() -> Value { stack.popLast() ?? .poison }

  /// Puts a value on top.
  func push(_ value: Value) { stack.append(value) }

  /// Takes the topmost values, in the order in which they were pushed.
  func pop(_ count: Int) -> [Value] {
    let count = min(count, stack.count)
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  /// The top frame's value in a slot.
  func local(_ slot: Int) -> Value { frames[frames.count - 1].locals[slot] ?? .poison }

  /// Sets a slot of the top frame.
  func set(_ slot: Int, _ value: Value) { frames[frames.count - 1].locals[slot] = value }

  /// Continues at a label of the top frame.
  func jump(_ label: Int, _ code: Code) { frames[frames.count - 1].pc = code.targets[label] }

  // MARK: Messages

  /// Reports an error unless the same one stands there already: copies and instantiations repeat their text.
  func report(_ diagnostic: Diagnostic) {
    // Decisions that allow no program are not followed to their end.
    if trail != nil || mode == .counting, diagnostic.severity == .error { isHalted = true }
    guard reported.insert(Reported(code: diagnostic.code, span: diagnostic.span)).inserted else { return }
    var diagnostic = diagnostic
    if diagnostic.trace.isEmpty { diagnostic.trace = trace() }
    diagnostics.append(diagnostic)
    // A program that is wrong everywhere is not read to its end.
    if diagnostics.count >= 200 { isHalted = true }
  }

  /// Reports and pushes poison.
  func fail(_ diagnostic: Diagnostic) {
    report(diagnostic)
    push(.poison)
  }

  /// Stops at a limit: nothing that follows would be worth saying.
  func halt(_ message: String, at span: SourceSpan) {
    report(Diagnostic(.programTooBig, message, at: span, label: "here"))
    isHalted = true
  }

  private func haltAtSteps(_ span: SourceSpan) {
    halt("this program takes more than \(grouped(limits.steps)) steps to unfold", at: span)
  }

  /// Whether `count` more nodes and scopes stay within the limit; halts otherwise.
  func mayGrow(by count: Int, at span: SourceSpan) -> Bool {
    guard let assembly else { return true }
    let size = assembly.builder.nodes.count + assembly.builder.scopes.count
    guard saturatingSum(size, count) <= limits.nodes else {
      halt("this network has more than \(grouped(limits.nodes)) nodes", at: span)
      return false
    }
    return true
  }

  /// How the machine came to where it is, innermost first.
  func trace() -> [Diagnostic.TraceStep] {
    var steps: [Diagnostic.TraceStep] = []
    var text = ""
    var site: SourceSpan?
    for frame in frames.reversed() {
      switch frame.work {
      case .repetition(let count, _, let next):
        text += text.isEmpty ? "copy \(next) of \(count)" : ", copy \(next) of \(count)"
        site = site ?? frame.site
      case .composition, .sharing, .sampling, .mixing: break
      case .code:
        guard let module = frame.module else { continue }
        if !text.isEmpty { steps.append(.init("\(text), from \(names.modules[module].name)", at: site)) }
        guard let layer = frame.layer else { return steps }
        text = label(of: layer)
        site = frame.site
        if steps.count == 8 {
          return steps + [.init("\(frames.count) levels in all", at: nil)]
        }
      }
    }
    return steps
  }

  /// A layer as the text wrote it, with evaluated arguments: `Bottleneck(256, width: 512)`.
  func label(of layer: LayerValue) -> String {
    let names: [String]
    let values: [Value?]
    switch layer.kind {
    case .module(let id, let arguments, _):
      (names, values) = (self.names.modules[id].parameters.map(\.name), arguments)
    case .primitive(let index, let arguments):
      (names, values) = (Primitive.all[index].parameters.map(\.name), arguments)
    default: return layer.name
    }
    if layer.written.isEmpty { return layer.name }
    let list = layer.written.map { written in
      let text = values[written.parameter]?.text ?? "?"
      return written.isLabelled ? "\(names[written.parameter]): \(text)" : text
    }
    return "\(layer.name)(\(list.joined(separator: ", ")))"
  }
}
