import IRLASGraph

extension Machine {
  // MARK: Sums and products

  /// Pops the operands of a sum.
  func sum(_ site: OperationSite, _ span: SourceSpan) {
    var operands = [Value](repeating: .poison, count: site.operandSpans.count)
    for (operand, value) in zip(site.order, pop(site.order.count)) { operands[operand] = value }
    guard operands.contains(where: { if case .tensor = $0 { true } else { false } }) else {
      return fold(operands, site, span)
    }
    if mode == .counting { return push(.tensor(.unknown)) }
    if operands.contains(where: \.isPoison) { return push(.poison) }
    var tensors: [Tensor] = []
    for (index, value) in operands.enumerated() {
      guard case .tensor(let tensor) = value else {
        return fail(mixed("+", value, site.operandSpans[index], site.operandSpans))
      }
      tensors.append(tensor)
    }
    let isSubtracted = operands.indices.map { $0 > 0 && site.operators[$0] == .subtract }
    guard let assembly, mayGrow(by: 1 + isSubtracted.count { $0 }, at: span) else { return push(.poison) }
    steps += tensors.count
    assembly.origin = assembly.origin(of: span)
    do throws(ShapeIssue) {
      let node = try assembly.sum(tensors.map(\.node), isSubtracted: isSubtracted)
      push(.tensor(Tensor(node: node, source: span)))
      observer?.note(span, stack.last, assembly)
    } catch {
      fail(disagreement(isSubtracted.contains(true) ? "-" : "+", tensors, site))
    }
  }

  /// Pops the operands of a product.
  func product(_ site: OperationSite, _ span: SourceSpan) {
    let operands = pop(site.operandSpans.count)
    guard operands.contains(where: { if case .tensor = $0 { true } else { false } }) else {
      return fold(operands, site, span)
    }
    if mode == .counting { return push(.tensor(.unknown)) }
    if operands.contains(where: \.isPoison) { return push(.poison) }
    guard let assembly, mayGrow(by: operands.count, at: span) else { return push(.poison) }
    var result: Tensor?
    assembly.origin = assembly.origin(of: span)
    for (index, value) in operands.enumerated() {
      guard case .tensor(let tensor) = value else {
        return fail(mixed("*", value, site.operandSpans[index], site.operandSpans))
      }
      if index > 0, site.operators[index] != .multiply {
        let sign = site.operators[index].rawValue
        return fail(
          Diagnostic(
            .typeMismatch, "`\(sign)` is for numbers", at: site.operatorSpans[index - 1],
            label: "tensors have no `\(sign)`"))
      }
      guard let left = result else {
        result = tensor
        continue
      }
      do throws(ShapeIssue) {
        result = Tensor(node: try assembly.product(left.node, tensor.node), source: span)
      } catch {
        return fail(disagreement("*", [left, tensor], site))
      }
    }
    push(result.map(Value.tensor) ?? .poison)
    observer?.note(span, stack.last, assembly)
  }

  /// Numbers from left to right.
  private func fold(_ operands: [Value], _ site: OperationSite, _ span: SourceSpan) {
    if operands.contains(where: \.isPoison) { return push(.poison) }
    var result = operands[0]
    for (index, operand) in operands.enumerated().dropFirst() {
      do {
        result = try site.operators[index].apply(result, operand)
      } catch {
        let place = error == .type ? span : site.operandSpans[0].union(site.operandSpans[index])
        return fail(arithmetic(error, site.operators[index].rawValue, [result, operand], place))
      }
    }
    push(result)
  }

  // MARK: Peers

  /// Stores the shape of the first tensor among the topmost values; poison when one of them is.
  func capturePeer(_ slot: Int, _ count: Int) {
    var peer: Value? = mode == .counting ? .poison : nil
    for value in stack.suffix(count) where peer == nil {
      steps += 1
      charge(value)
      if case .tensor(let tensor) = value, let assembly {
        peer = .shape(assembly.shape(tensor.node))
      }
      if value.isPoison { peer = .poison }
    }
    frames[frames.count - 1].locals[slot] = peer
  }

  /// Pushes a captured shape.
  func peer(_ slot: Int, _ span: SourceSpan) {
    if let peer = frames[frames.count - 1].locals[slot] { return push(peer) }
    fail(
      Diagnostic(
        .misplacedPeer, "no other operand fixes the shape of this sum", at: span,
        label: "`peer` is the shape of the others"))
  }

  // MARK: Attributes and methods

  /// An attribute or method of a value.
  func member(_ member: Member, of value: Value, _ arguments: [Value], _ span: SourceSpan) -> Value {
    if arguments.contains(where: \.isPoison) { return .poison }
    // An output of a cell may be called like an attribute.
    if case .list(let list) = value, arguments.isEmpty, let output = list.labelled(member.rawValue) {
      return output
    }
    switch (member, value) {
    case (_, .poison): return .poison
    case (.c, .tensor), (.h, .tensor), (.w, .tensor), (.shape, .tensor):
      guard case .tensor(let tensor) = value, let assembly else { return .poison }
      return dimension(member, assembly.shape(tensor.node))
    case (.c, .shape(let shape)), (.h, .shape(let shape)), (.w, .shape(let shape)):
      return dimension(member, shape)
    case (.h, .kernel(let size)): return .integer(size.height)
    case (.w, .kernel(let size)): return .integer(size.width)
    case (.size, .list(let list)): return .integer(list.elements.count)
    case (.last, .list(let list)):
      if let last = list.elements.last { return last }
      report(Diagnostic(.indexOutOfRange, "the list is empty", at: span, label: "it has no last element"))
      return .poison
    case (.at, .list(let list)):
      guard let index = index(arguments[0], limit: list.elements.count, of: list, span) else {
        return .poison
      }
      return list.elements[index]
    case (.first, .list(let list)):
      guard let count = index(arguments[0], limit: list.elements.count + 1, of: list, span) else {
        return .poison
      }
      steps += count
      return .list(Value.List(Array(list.elements.prefix(count))))
    case (.sum, .list(let list)): return sum(list, span)
    case (.leaves, .list(let list)):
      return relaxer == nil ? leaves(list, span) : undecided(member, span)
    case (.reads, .list(let list)):
      return relaxer == nil ? reads(list, span) : undecided(member, span)
    // One tensor is a tuple of one.
    case (.size, .tensor): return .integer(1)
    case (.last, .tensor): return value
    default:
      report(
        Diagnostic(
          .unknownMember, "\(value.kindDescription) has no `\(member.rawValue)`", at: span,
          label: member.owner))
      return .poison
    }
  }

  /// The output of a cell with a label.
  func output(_ name: String, of value: Value, _ span: SourceSpan) -> Value {
    if case .poison = value { return .poison }
    if mode == .counting { return .tensor(.unknown) }
    guard case .list(let list) = value, !list.labels.isEmpty else {
      report(
        Diagnostic(
          .unknownMember, "\(value.kindDescription) has no `\(name)`", at: span,
          label: "only what a cell with several labelled outputs gives has its labels"))
      return .poison
    }
    if let output = list.labelled(name) { return output }
    let names = list.labels.map(\.name)
    let near = nearest(to: name, among: names)
    report(
      Diagnostic(
        .unknownMember, "these outputs have no `\(name)`", at: span,
        label: near.map { "did you mean `\($0)`?" } ?? "they are \(names.joined(separator: ", "))",
        help: near.map { [.init("write `\($0)`", edits: [.init(span, $0)])] } ?? []))
    return .poison
  }

  private func dimension(_ member: Member, _ shape: Shape) -> Value {
    switch member {
    case .c: .integer(shape.channels)
    case .h: .integer(shape.height)
    case .w: .integer(shape.width)
    default: .shape(shape)
    }
  }

  private func index(_ value: Value, limit: Int, of list: Value.List, _ span: SourceSpan) -> Int? {
    guard case .integer(let index) = value else {
      report(
        Diagnostic(.typeMismatch, "an index is an Int", at: span, label: "this is \(value.kindDescription)"))
      return nil
    }
    guard index >= 0, index < limit else {
      report(
        Diagnostic(
          .indexOutOfRange, "\(index) is outside a list of \(list.elements.count)", at: span,
          label: "indices start at 0"))
      return nil
    }
    return index
  }

  private func sum(_ list: Value.List, _ span: SourceSpan) -> Value {
    steps += list.elements.count
    var total = Value.integer(0)
    for element in list.elements {
      if element.isPoison { return .poison }
      do {
        total = try ArithmeticOperator.add.apply(total, element)
      } catch {
        report(arithmetic(error, "+", [total, element], span))
        return .poison
      }
    }
    return total
  }

  /// The tensors of a list that no node reads, in order; the last one when all are read.
  private func leaves(_ list: Value.List, _ span: SourceSpan) -> Value {
    guard let assembly else { return .poison }
    var candidates: Set<Int> = []
    for element in list.elements {
      if case .tensor(let tensor) = element { candidates.insert(tensor.node.index) }
    }
    guard let first = candidates.min() else { return .list(list) }
    steps += assembly.builder.nodes.count - first
    for node in assembly.builder.nodes[first...] {
      for input in node.inputs { candidates.remove(input.index) }
    }
    var kept: [Value] = []
    for element in list.elements {
      if case .tensor(let tensor) = element, candidates.remove(tensor.node.index) != nil {
        kept.append(element)
      }
    }
    if kept.isEmpty, let last = list.elements.last { kept = [last] }
    return .list(Value.List(kept))
  }

  /// While all options are mixed: what depends on decisions is unknown.
  private func undecided(_ member: Member, _ span: SourceSpan) -> Value {
    relaxer?.note(
      Diagnostic(
        .unmixableChoice, "`\(member.rawValue)` depends on what is decided", at: span,
        label: "unknown while all options are mixed"))
    return .poison
  }

  // MARK: Inputs

  /// Makes input `index` of the network from the three sizes on the stack.
  func networkInput(_ index: Int, _ slot: Int, _ span: SourceSpan) {
    if mode == .counting {
      _ = pop(3)
      return set(slot, .tensor(.unknown))
    }
    var sizes: [Int] = []
    for value in pop(3) {
      switch value {
      case .poison: return set(slot, .poison)
      case .integer(let size) where size > 0 && size <= Shape.maximumDimension: sizes.append(size)
      case .rational, .float:
        report(notWhole(value, "a size", span))
        return set(slot, .poison)
      case .integer(let size):
        report(
          Diagnostic(
            .valueOutOfRange, "a size of an input is at least 1 and at most \(Shape.maximumDimension)",
            at: span, label: "\(size) is not"))
        return set(slot, .poison)
      default:
        report(
          Diagnostic(.typeMismatch, "a size is an Int", at: span, label: "this is \(value.kindDescription)"))
        return set(slot, .poison)
      }
    }
    guard let assembly, let module = frames[frames.count - 1].module else { return }
    let header = names.modules[module]
    let view = header.syntax.inputs[index]
    let source = view.name?.span ?? span
    do throws(ShapeIssue) {
      let node = try assembly.builder.add(
        .input(index: index), [], declared: .image(sizes[0], sizes[1], sizes[2]), name: header.inputs[index],
        origin: assembly.origin(of: source))
      set(slot, .tensor(Tensor(node: node, source: source, isInput: true)))
    } catch {
      report(Diagnostic(.valueOutOfRange, error.description, at: span))
      set(slot, .poison)
    }
  }

  /// How many tensors the variadic input of the cell on top holds.
  func variadicCount() -> Int {
    let frame = frames[frames.count - 1]
    guard let module = frame.module else { return 0 }
    return frame.inputs.count - (names.modules[module].inputs.count - 1)
  }

  /// The tensors of one input of the cell on top.
  private func tensors(ofInput index: Int) -> ArraySlice<Tensor> {
    let frame = frames[frames.count - 1]
    guard let module = frame.module else { return [] }
    let header = names.modules[module]
    if header.isVariadic, index == header.inputs.count - 1 { return frame.inputs[index...] }
    return frame.inputs[index...index]
  }

  /// Binds a symbolic size to what arrives; all tensors of a variadic input have to agree.
  func bindSize(_ input: Int, _ axis: Axis, _ slot: Int) {
    guard let assembly, let first = tensors(ofInput: input).first else { return set(slot, .poison) }
    let size = assembly.shape(first.node)[axis.rawValue]
    set(slot, .integer(size))
    check(input, axis, size: size, first.source)
  }

  /// Pops the size that an input must have and leaves the cell when it has another.
  func checkSize(_ input: Int, _ axis: Axis, _ span: SourceSpan) {
    let value = pop()
    switch value {
    case .integer(let size): check(input, axis, size: size, span)
    case .poison: abandon()
    default:
      report(
        Diagnostic(.typeMismatch, "a size is an Int", at: span, label: "this is \(value.kindDescription)"))
      abandon()
    }
  }

  /// Pops the number of tensors of the variadic input and leaves the cell when there are others.
  func checkCount(_ span: SourceSpan) {
    let value = pop()
    if value.isPoison { return abandon() }
    let count = variadicCount()
    guard case .integer(let expected) = value, expected == count else {
      report(
        Diagnostic(
          .arityMismatch, "this cell takes \(value.text) tensors here, but the chain carries \(count)",
          at: span,
          label: "\(value.text) asked for"))
      return abandon()
    }
  }

  private func check(_ input: Int, _ axis: Axis, size: Int, _ span: SourceSpan) {
    guard let assembly else { return }
    for tensor in tensors(ofInput: input) {
      let shape = assembly.shape(tensor.node)
      if shape[axis.rawValue] == size { continue }
      let frame = frames.removeLast()
      let name = frame.module.map { names.modules[$0].name } ?? "the cell"
      report(
        Diagnostic(
          .shapeContract, "`\(name)` asks for another shape", at: frame.site,
          label: "the tensor that arrives here is \(shape)",
          secondary: [.init(span, "\(axis.letter) has to be \(size)", style: .secondary)]))
      frames.append(frame)
      return abandon()
    }
  }
}

extension Member {
  /// What has this member.
  var owner: String {
    switch self {
    case .c, .h, .w: "tensors and shapes have c, h and w"
    case .shape: "tensors have a shape"
    case .at, .size, .first, .last, .sum, .leaves, .reads:
      "lists have at, size, first, last, sum, leaves and reads"
    }
  }
}
