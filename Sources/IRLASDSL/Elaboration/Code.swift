import IRLASGraph

/// The body of a module, a claim or a field as instructions for a machine with a stack of values.
///
/// Programs are lowered to instructions so that evaluation needs no recursion: chains, sums and conditionals of
/// any length, and cells within cells, run in constant native stack.
struct Code: Sendable {
  /// What to do, in order.
  var instructions: [Instruction] = []
  /// For each instruction the text that it came from.
  var spans: [SourceSpan] = []
  /// For each label the instruction that it stands before.
  var targets: [Int] = []
  /// How many slots a frame has: parameters, then inputs, then bindings and hidden values.
  var slotCount = 0
  /// Calls, by the index in `Instruction.call`.
  var calls: [CallSite] = []
  /// Sums and products, by the index in `Instruction.sum` and `product`.
  var operations: [OperationSite] = []
  /// The `require` statements, by the index in `Instruction.require`.
  var requirements: [RequirementSite] = []
  /// The outputs of `return`.
  var outputs: [OutputSite] = []
  /// Open decisions, by the index in `Instruction.decide`.
  var choices: [ChoiceSite] = []
  /// Names of sampled layers, by the index in `Instruction.sample`.
  var paths: [DecisionPath] = []
  /// For each slot its name in the text; nil for hidden ones.
  var slotNames: [String?] = []
  /// For each slot where the text binds its name; nil for hidden ones.
  var slotSpans: [SourceSpan?] = []
  /// Slots of the metrics `params`, `macs`, `depth` that late requirements read.
  var metricSlots: [Metric: Int] = [:]
}

/// One step of the machine. `pop` means: takes the value on top of the stack.
enum Instruction: Sendable {
  case constant(Value)
  /// Pushes a slot.
  case local(Int)
  /// Pops into a slot.
  case store(Int)
  case pop
  case jump(label: Int)
  /// Pops a condition. A poisoned one pushes poison and jumps to `poison`.
  case branch(ifFalse: Int, poison: Int)
  /// Pops an operand of `and` or `or`; when it decides, pushes it and jumps.
  case shortCircuit(isAnd: Bool, label: Int)
  /// Checks that the value on top is a Bool.
  case requireBool
  case not
  case negate
  case compare(Comparator)
  case sum(site: Int)
  case product(site: Int)
  /// Stores the shape of the first tensor among the topmost `count` values.
  case capturePeer(slot: Int, count: Int)
  /// Pushes the shape that `capturePeer` stored; an error when there was none.
  case peer(slot: Int)
  /// Pushes the shape of the peers of the sum that this cell was written in.
  case callerPeer
  /// Gives the layer on top the peers of the sum around it.
  case attachPeer(slot: Int)
  /// Pops `count` values: a tuple splices lists, a list does not.
  case collect(count: Int, splices: Bool)
  /// Pops as many values as the slot says into a list.
  case collectLoop(countSlot: Int)
  /// Pops the arguments, then the value: an attribute or method.
  case member(Member, argumentCount: Int)
  /// Replaces a tuple by the output of that name.
  case output(String)
  case call(site: Int)
  case function(NumericFunction, count: Int)
  /// Pops a layer and a tensor, tuple or layer: applies or composes. `start` is what the chain begins with.
  case apply(isFirst: Bool, start: SourceSpan)
  /// Continues at `label` unless the copy's index is `index`: one part of `a then b`.
  case unlessCopy(slot: Int, index: Int, label: Int)
  /// Pops a count into a slot and zeroes the index; poison jumps.
  case loopCount(countSlot: Int, indexSlot: Int, poison: Int)
  /// Pops a list into a slot and begins a loop over it; poison jumps.
  case loopList(listSlot: Int, countSlot: Int, indexSlot: Int, poison: Int)
  /// Jumps when the index has reached the count.
  case loopTest(countSlot: Int, indexSlot: Int, end: Int)
  /// Increments the index and jumps.
  case loopNext(indexSlot: Int, top: Int)
  /// Stores the list's element at the index.
  case loopElement(listSlot: Int, indexSlot: Int, elementSlot: Int)
  /// Pops one layer, or as many as there are copies, into a layer that repeats.
  case repetition(countSlot: Int, isUniform: Bool)
  /// Empties a list slot.
  case growBegin(slot: Int)
  /// Pops an element to the end of a list slot.
  case growAppend(slot: Int)
  /// Pops a tuple into slots; nil drops a value.
  case destructure([Int?])
  /// Pops a layer and pushes it with shared weights.
  case share
  /// Pops a condition, or the two sides of a comparison.
  case require(site: Int)
  /// Jumps when the parameter was given.
  case jumpIfGiven(slot: Int, label: Int)
  /// Pops a default into a parameter.
  case storeDefault(parameter: Int)
  /// Reports a parameter that was not given and has no default.
  case missingArgument(parameter: Int)
  /// Binds a symbolic size to an input's size along an axis.
  case bindSize(input: Int, axis: Axis, slot: Int)
  /// Pops the size that an input must have along an axis.
  case checkSize(input: Int, axis: Axis)
  /// Binds or, popping, checks the number of tensors of a variadic input.
  case bindCount(input: Int, slot: Int)
  case checkCount(input: Int)
  /// Pops three sizes and makes a network's input.
  case networkInput(index: Int, slot: Int)
  /// Pops the outputs and leaves the module.
  case leave(count: Int)
  /// Leaves after the late requirements of a network.
  case end
  /// Asks for an option of the choice and pushes its index.
  case decide(site: Int)
  /// Pops the index of an option: pushes its value, or continues at the code that makes it.
  case resolve(site: Int)
  /// Ends the code of an option: what fails from here on is not its fault alone.
  case endOption
  /// Pops a layer and pushes it as one draw that all its uses share.
  case sample(path: Int)
}

/// The name of a decision as far as the text tells; indices of copies and elements are filled in while running.
struct DecisionPath: Hashable, Sendable {
  /// A part of the name.
  enum Part: Hashable, Sendable {
    /// A binding, a label, a parameter.
    case name(String)
    /// The index of a copy or element, from a slot.
    case index(slot: Int)
  }

  /// From the module inwards.
  var parts: [Part] = []
}

/// What an open decision needs; its operands are in slots.
struct ChoiceSite: Sendable {
  /// What is open.
  enum Kind: Hashable, Sendable {
    /// One of several expressions; only the one that is taken is evaluated.
    case choose
    /// One element of a list, or several distinct ones.
    case pick
    /// A non-empty subset of a list.
    case some
    /// A number from a range.
    case range
  }

  /// An option of `choose`.
  struct Option: Sendable {
    /// Its label, or its text.
    let label: String
    /// The slot of its value, which is evaluated beforehand; a list there stands for as many options.
    let slot: Int?
    /// Where its code begins.
    let code: Int
    /// The bytes of its value.
    let span: SourceSpan
  }

  /// What is open.
  let kind: Kind
  /// Its name in the module.
  let path: DecisionPath
  /// The options of `choose`, in the order of the text.
  let options: [Option]
  /// The list of `pick` and `some`, or the bounds of a range.
  let slots: [Int]
  /// For each argument of `pick` and `some` how the text names it.
  let names: [String]
  /// The slot with the odds.
  let oddsSlot: Int?
  /// Where all options end.
  let end: Int
}

/// An attribute or method.
enum Member: String, CaseIterable, Hashable, Sendable {
  case c
  case h
  case w
  case shape
  case at
  case size
  case first
  case last
  case sum
  case leaves
  case reads

  /// How many arguments it takes.
  var arity: Int { self == .at || self == .first ? 1 : 0 }
}

/// What a call needs beside its arguments, which are on the stack in the order of the text.
struct CallSite: Sendable {
  /// What is called.
  enum Callee: Hashable, Sendable {
    case primitive(Int)
    case module(Int)
    /// A layer in a slot: a partial application.
    case local(Int)
  }

  /// What is called.
  let callee: Callee
  /// The name as written.
  let name: String
  /// For each argument its label.
  let labels: [String?]
  /// For each argument the parameter it goes to; unused for a layer in a slot.
  let parameters: [Int]
  /// For each argument the bytes of its value.
  let argumentSpans: [SourceSpan]
  /// For each argument its bytes with the label.
  let wholeSpans: [SourceSpan]
  /// The slot with the shape of the other operands of the sum around the call.
  let peerSlot: Int?
  /// The name of an application, where it may decide: calls of spaces.
  var path: DecisionPath?
}

/// What a sum or product needs beside its operands.
struct OperationSite: Sendable {
  /// The operator before each operand; the first one counts as `+` or `*`.
  let operators: [ArithmeticOperator]
  /// The bytes of the operands in the order of the text.
  let operandSpans: [SourceSpan]
  /// For each operand its name, where it is one.
  let operandNames: [String?]
  /// The bytes of the operators between them.
  let operatorSpans: [SourceSpan]
  /// For each value on the stack, from the bottom, the operand that it is.
  let order: [Int]
  /// Whether an operand applies `fit` already.
  var usesFit = false
  /// The bytes of ` -> fit` directly after the sum, where the text applies it to the whole.
  var fitAfter: SourceSpan?
}

/// What a `require` needs beside its condition.
struct RequirementSite: Sendable {
  /// The condition as written.
  let text: String
  /// The message of the program.
  let message: String?
  /// Set when the two sides are on the stack instead of the condition.
  let comparator: Comparator?
  /// The figure of the network that the condition is about, if it is.
  let metric: Metric?
}

/// An output as `return` names it.
struct OutputSite: Sendable {
  /// The label; nil when the text gives none.
  let label: String?
  /// Exists while training only.
  let isAuxiliary: Bool
  /// The bytes of the value.
  let span: SourceSpan
}
