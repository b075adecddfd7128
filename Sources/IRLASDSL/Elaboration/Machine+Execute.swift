import IRLASGraph

extension Machine {
  /// Does one instruction of the top frame.
  func execute(_ instruction: Instruction, _ code: Code, _ span: SourceSpan) {
    switch instruction {
    case .constant(let value): push(value)
    case .local(let slot): push(local(slot))
    case .store(let slot): set(slot, pop())
    case .pop: _ = pop()
    case .jump(let label): if relaxer == nil || !endsAlternative(label, code) { jump(label, code) }
    case .branch(let ifFalse, let poison): branch(ifFalse, poison, code, span)
    case .shortCircuit(let isAnd, let label): shortCircuit(isAnd, label, code, span)
    case .requireBool: push(condition(pop(), span).map(Value.boolean) ?? .poison)
    case .not: push(condition(pop(), span).map { .boolean(!$0) } ?? .poison)
    case .negate: negate(span)
    case .compare(let comparator): compare(comparator, span)
    case .sum(let site): sum(code.operations[site], span)
    case .product(let site): product(code.operations[site], span)
    case .capturePeer(let slot, let count): capturePeer(slot, count)
    case .peer(let slot): peer(slot, span)
    case .callerPeer: callerPeer(span)
    case .attachPeer(let slot):
      if case .layer(let layer) = stack.last, frames[frames.count - 1].locals[slot] != nil {
        _ = pop()
        push(.layer(layer.with(peer: local(slot))))
      }
    case .collect(let count, let splices): push(collect(pop(count), splices: splices, span))
    case .collectLoop(let countSlot): push(collect(pop(int(countSlot)), splices: false, span))
    case .member(let member, let argumentCount):
      let arguments = pop(argumentCount)
      push(self.member(member, of: pop(), arguments, span))
    case .output(let name): push(output(name, of: pop(), span))
    case .call(let site): call(code.calls[site], span)
    case .function(let function, let count): self.function(function, pop(count), span)
    case .apply(let isFirst, let start):
      let layer = pop()
      let input = pop()
      frames[frames.count - 1].chain = isFirst ? (start, span) : nil
      applyLink(layer, to: input, isFirst: isFirst, site: span)
    case .unlessCopy(let slot, let index, let label): if int(slot) != index { jump(label, code) }
    case .loopCount(let countSlot, let indexSlot, let poison):
      loopCount(countSlot, indexSlot, poison, code, span)
    case .loopList(let listSlot, let countSlot, let indexSlot, let poison):
      loopList(listSlot, countSlot, indexSlot, poison, code, span)
    case .loopTest(let countSlot, let indexSlot, let end):
      if int(indexSlot) >= int(countSlot) { jump(end, code) }
    case .loopNext(let indexSlot, let top):
      if relaxer != nil, endsElement(indexSlot) { return }
      set(indexSlot, .integer(int(indexSlot) + 1))
      jump(top, code)
    case .loopElement(let listSlot, let indexSlot, let elementSlot):
      guard case .list(let list) = local(listSlot) else { return }
      set(elementSlot, list.elements[int(indexSlot)])
      if let superposition = list.superposition {
        beginElement(
          superposition.elements[int(indexSlot)], elementSlot, indexSlot, name: superposition.name,
          superposition.span)
      }
    case .repetition(let countSlot, let isUniform): repetition(int(countSlot), isUniform, span)
    case .growBegin(let slot):
      var list = Value.List([])
      list.firstNode = assembly?.builder.nodes.count ?? 0
      set(slot, .list(list))
    case .growAppend(let slot): growAppend(slot, span)
    case .destructure(let slots): destructure(slots, span)
    case .share: share(span)
    case .require(let site): require(code.requirements[site], span)
    case .jumpIfGiven(let slot, let label):
      if frames[frames.count - 1].locals[slot] != nil { jump(label, code) }
    case .storeDefault(let parameter): storeDefault(parameter, span)
    case .missingArgument(let parameter): missingArgument(parameter, span)
    case .bindSize(let input, let axis, let slot): bindSize(input, axis, slot)
    case .checkSize(let input, let axis): checkSize(input, axis, span)
    case .bindCount(_, let slot): set(slot, .integer(variadicCount()))
    case .checkCount: checkCount(span)
    case .networkInput(let index, let slot): networkInput(index, slot, span)
    case .leave(let count): leave(count, code)
    case .end: frames.removeLast()
    case .decide(let site): decide(site, code, span)
    case .resolve(let site): resolve(code.choices[site], code, span)
    case .endOption: trail?.endOption()
    case .sample(let path): sample(code.paths[path], span)
    }
  }

  /// An Int in a slot that only the machine writes.
  private func int(_ slot: Int) -> Int { if case .integer(let value) = local(slot) { value } else { 0 } }

  // MARK: Conditions

  /// A Bool, or nil for poison and for what is reported here.
  private func condition(_ value: Value, _ span: SourceSpan) -> Bool? {
    switch value {
    case .boolean(let value): return value
    case .poison: return nil
    default:
      report(
        Diagnostic(
          .typeMismatch, "a condition is true or false", at: span, label: "this is \(value.kindDescription)"))
      return nil
    }
  }

  private func branch(_ ifFalse: Int, _ poison: Int, _ code: Code, _ span: SourceSpan) {
    switch condition(pop(), span) {
    case true?: break
    case false?: jump(ifFalse, code)
    case nil:
      noteSkipped(to: poison, code)
      push(.poison)
      jump(poison, code)
    }
  }

  private func shortCircuit(_ isAnd: Bool, _ label: Int, _ code: Code, _ span: SourceSpan) {
    switch condition(pop(), span) {
    case let value? where value != isAnd:
      push(.boolean(value))
      jump(label, code)
    case _?: break
    case nil:
      push(.poison)
      jump(label, code)
    }
  }

  private func negate(_ span: SourceSpan) {
    let value = pop()
    if value.isPoison { return push(.poison) }
    if case .tensor(let tensor) = value {
      guard let assembly, mayGrow(by: 1, at: span) else { return push(.poison) }
      assembly.origin = assembly.origin(of: span)
      guard let node = try? assembly.add(.activation(.negate), [tensor.node]) else { return push(.poison) }
      return push(.tensor(Tensor(node: node, source: span)))
    }
    do {
      push(try value.negated())
    } catch {
      fail(arithmetic(error, "-", [value], span))
    }
  }

  private func compare(_ comparator: Comparator, _ span: SourceSpan) {
    let values = pop(2)
    push(compare(comparator, values, span).map(Value.boolean) ?? .poison)
  }

  /// Whether a comparison holds; nil for poison and for what is reported here.
  private func compare(_ comparator: Comparator, _ values: [Value], _ span: SourceSpan) -> Bool? {
    for value in values { charge(value) }
    if values.contains(where: \.isPoison) { return nil }
    // While counting all tensors are unknown.
    if mode == .counting, values.contains(where: { if case .tensor = $0 { true } else { false } }) {
      return nil
    }
    do {
      return try comparator.apply(values[0], values[1])
    } catch {
      report(
        Diagnostic(
          .typeMismatch,
          "`\(comparator.rawValue)` cannot compare \(values[0].kindDescription) and \(values[1].kindDescription)",
          at: span, label: "these are of different kinds"))
      return nil
    }
  }

  // MARK: Values

  /// A tuple, whose lists are spliced, or a list.
  private func collect(_ values: [Value], splices: Bool, _ span: SourceSpan) -> Value {
    var elements: [Value] = []
    for value in values {
      if splices, case .list(let list) = value {
        elements += list.elements
        steps += list.elements.count
      } else {
        elements.append(value)
      }
      if elements.count > limits.elements {
        halt("this list has more than \(limits.elements) elements", at: span)
        return .poison
      }
    }
    return bounded(.list(Value.List(elements)), span)
  }

  /// The value, unless it nests too deeply.
  func bounded(_ value: Value, _ span: SourceSpan) -> Value {
    guard value.depth > limits.nesting else { return value }
    report(
      Diagnostic(
        .nestedTooDeeply, "values nested more than \(limits.nesting) levels deep", at: span,
        label: "each use nests one level deeper"))
    return .poison
  }

  private func function(_ function: NumericFunction, _ arguments: [Value], _ span: SourceSpan) {
    for value in arguments { charge(value) }
    if arguments.contains(where: \.isPoison) { return push(.poison) }
    do {
      push(try function.apply(arguments))
    } catch {
      fail(arithmetic(error, function.rawValue, arguments, span))
    }
  }

  private func destructure(_ slots: [Int?], _ span: SourceSpan) {
    let value = pop()
    charge(value)
    var elements = [Value](repeating: .poison, count: slots.count)
    if !value.isPoison {
      var parts = [value]
      if case .list(let list) = value { parts = list.elements }
      if parts.count == slots.count {
        elements = parts
      } else {
        report(
          Diagnostic(
            .arityMismatch, "\(counted(slots.count, "name")) for \(counted(parts.count, "value"))", at: span,
            label: "the value has \(counted(parts.count, "part"))",
            help: [.init("`_` drops a part that is not needed")]))
      }
    }
    for (slot, element) in zip(slots, elements) { if let slot { set(slot, element) } }
  }

  // MARK: Loops

  private func loopCount(
    _ countSlot: Int, _ indexSlot: Int, _ poison: Int, _ code: Code, _ span: SourceSpan
  ) {
    let value = pop()
    set(indexSlot, .integer(0))
    set(countSlot, .integer(0))
    switch value {
    case .integer(let count) where count >= 0:
      guard count <= limits.nodes else {
        return halt(
          "\(grouped(count)) copies make a network of more than \(grouped(limits.nodes)) nodes", at: span)
      }
      return set(countSlot, .integer(count))
    case .poison: noteSkipped(to: poison, code)
    case .integer(let count):
      report(
        Diagnostic(
          .valueOutOfRange, "a count cannot be negative", at: span, label: "this is \(count)"))
    case .rational, .float: report(notWhole(value, "a count", span))
    default:
      report(
        Diagnostic(.typeMismatch, "a count is an Int", at: span, label: "this is \(value.kindDescription)"))
    }
    jump(poison, code)
  }

  private func loopList(
    _ listSlot: Int, _ countSlot: Int, _ indexSlot: Int, _ poison: Int, _ code: Code, _ span: SourceSpan
  ) {
    let value = pop()
    switch value {
    case .list(let list):
      set(listSlot, value)
      set(countSlot, .integer(list.elements.count))
      return set(indexSlot, .integer(0))
    case .tensor:
      // A tuple of one is the tensor itself.
      set(listSlot, .list(Value.List([value])))
      set(countSlot, .integer(1))
      return set(indexSlot, .integer(0))
    case .poison: noteSkipped(to: poison, code)
    default:
      report(
        Diagnostic(
          .typeMismatch, "`each` goes through a list", at: span, label: "this is \(value.kindDescription)"))
    }
    jump(poison, code)
  }

  private func repetition(_ count: Int, _ isUniform: Bool, _ span: SourceSpan) {
    var layers: [LayerValue] = []
    for value in pop(isUniform ? 1 : count) {
      guard case .layer(let layer) = value else {
        if value.isPoison { return push(.poison) }
        return fail(
          Diagnostic(
            .expectedTensor, "`repeat` repeats a layer", at: span,
            label: "this is \(value.kindDescription)"))
      }
      layers.append(layer)
    }
    let name = layers.first.map { "repeat \(count) \($0.name)" } ?? "repeat 0"
    push(bounded(.layer(LayerValue(.repetition(count: count, layers), name: name, span: span)), span))
  }

  private func growAppend(_ slot: Int, _ span: SourceSpan) {
    let element = pop()
    let top = frames.count - 1
    guard case .list(var list)? = frames[top].locals[slot] else { return }
    // The slot lets go of the list while it grows, so that no copy is made.
    frames[top].locals[slot] = .poison
    list.append(element)
    steps += 1
    frames[top].locals[slot] = bounded(.list(list), span)
  }

  // MARK: Requirements and defaults

  private func require(_ site: RequirementSite, _ span: SourceSpan) {
    var values: [Value] = []
    let holds: Bool?
    if relaxer != nil, let module = frames[frames.count - 1].module, names.modules[module].keyword == .space {
      // It limits the programs of the space; a mixture is none of them.
      _ = pop(site.comparator == nil ? 1 : 2)
      return
    }
    if let comparator = site.comparator {
      values = pop(2)
      holds = compare(comparator, values, span)
    } else {
      holds = condition(pop(), span)
    }
    guard let holds, !holds else {
      if holds == nil {
        if mode == .counting { countingLimits.filters.insert(span) } else { abandon() }
      }
      return
    }
    report(failure(of: site, values, span))
    abandon()
  }

  private func storeDefault(_ parameter: Int, _ span: SourceSpan) {
    let value = pop()
    guard let module = frames[frames.count - 1].module else { return set(parameter, value) }
    let header = names.modules[module]
    set(
      parameter,
      convert(
        value, to: header.parameters[parameter].type, of: header.name, header.parameters[parameter].name, span
      ))
  }

  private func missingArgument(_ parameter: Int, _ span: SourceSpan) {
    guard let module = frames[frames.count - 1].module else { return }
    let header = names.modules[module]
    let site = frames[frames.count - 1].layer?.span ?? span
    let frame = frames.removeLast()
    report(
      Diagnostic(
        .missingArgument, "`\(header.name)` needs `\(header.parameters[parameter].name)`", at: site,
        label: "not given here",
        secondary: [.init(span, "no default", style: .secondary)], notes: ["it is \(header.signature)"]))
    frames.append(frame)
    abandon()
  }

  /// The value as the type of a parameter; poison after a report when it is of another.
  func convert(_ value: Value, to type: ValueType, of owner: String, _ parameter: String, _ span: SourceSpan)
    -> Value
  {
    charge(value)
    do {
      return try type.convert(value)
    } catch {
      report(conversion(error, value, type, owner, parameter, span))
      return .poison
    }
  }

  private func callerPeer(_ span: SourceSpan) {
    let frame = frames[frames.count - 1]
    if let layer = frame.layer, case .module(_, _, let peer?) = layer.kind { return push(peer) }
    guard let layer = frame.layer, mode != .counting else { return push(.poison) }
    let inner = frames.removeLast()
    report(
      Diagnostic(
        .misplacedPeer, "`\(layer.name)` takes the shape of the other operands of a sum, and there is none",
        at: inner.site, label: "not an operand of `+` whose other operands have a known shape",
        help: [.init("give the shape: \(layer.name)(to: y.shape)")]))
    frames.append(inner)
    push(.poison)
  }
}
