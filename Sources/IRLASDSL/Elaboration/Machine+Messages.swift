import IRLASGraph

extension Machine {
  /// The message for an operation on numbers that has no result.
  func arithmetic(_ failure: ArithmeticFailure, _ name: String, _ operands: [Value], _ span: SourceSpan)
    -> Diagnostic
  {
    switch failure {
    case .overflow:
      return Diagnostic(
        .arithmeticOverflow, "the result of `\(name)` is too large", at: span,
        label: operands.map(\.text).joined(separator: " \(name) "))
    case .divisionByZero:
      return Diagnostic(
        .divisionByZero, "division by zero", at: span,
        label: operands.map(\.text).joined(separator: " \(name) "))
    case .domain(let text):
      return Diagnostic(
        .valueOutOfRange, text, at: span, label: operands.map(\.text).joined(separator: ", "))
    case .type:
      let odd = operands.first { $0.number == nil } ?? operands[0]
      var help: [Diagnostic.Help] = []
      if case .layer = odd { help.append(.init("apply the layer first: (x -> \(odd.text))")) }
      return Diagnostic(
        .typeMismatch, "`\(name)` needs numbers", at: span, label: "one of these is \(odd.kindDescription)",
        help: help)
    }
  }

  /// The message for a fraction or a float where an Int is needed.
  func notWhole(_ value: Value, _ what: String, _ span: SourceSpan) -> Diagnostic {
    let label: String
    if case .float = value {
      label = "this is the Float \(value.text)"
    } else {
      label = "\(value.text) is not a whole number"
    }
    return Diagnostic(
      .notAWholeNumber, "\(what) is an Int", at: span, label: label,
      help: [
        .init(
          "floor, ceil, round or round_to(n, 8) make an Int of it",
          // A count stands in parentheses unless it is a number or a name.
          edits: what == "a count"
            ? [.init(span.start, "(floor("), .init(span.end, "))")]
            : [.init(span.start, "floor("), .init(span.end, ")")],
          isOneOfSeveral: true)
      ])
  }

  /// The message for an argument or default of another type than its parameter.
  func conversion(
    _ failure: ValueType.Failure, _ value: Value, _ type: ValueType, _ owner: String, _ parameter: String,
    _ span: SourceSpan
  ) -> Diagnostic {
    if failure == .notWhole { return notWhole(value, "`\(parameter)` of `\(owner)`", span) }
    var help: [Diagnostic.Help] = []
    switch (type, value) {
    case (.kernel, .integer(let size)):
      // A larger number is rather a width in the wrong place.
      help.append(
        .init("write \(size)x\(size)", edits: [.init(span, "\(size)x\(size)")], isOneOfSeveral: size > 15))
    case (.number, .kernel), (.number, .layer), (.number, .boolean), (.number, .list), (.number, .shape):
      let name: String
      switch value {
      case .kernel: name = "Kernel"
      case .layer: name = "Layer"
      case .boolean: name = "Bool"
      case .shape: name = "Shape"
      default: name = "[Int]"
      }
      help.append(.init("a parameter without a type is an Int; declare it as `\(parameter): \(name)`"))
    case (.padding, _):
      help.append(.init("a padding is same, valid, n, [h, w] or [t, l, b, r]"))
    case (.extent, .kernel(let size)):
      let text = size.height == size.width ? "\(size.height)" : "[\(size.height), \(size.width)]"
      help.append(
        .init(
          "a Kernel is the size of a window; for steps of this size write \(text)", edits: [.init(span, text)]
        )
      )
    case (.extent, _):
      help.append(.init("one number for both axes, or [h, w]"))
    case (.layer, .tensor):
      help.append(.init("a layer is given without its input: relu, not x -> relu"))
    default: break
    }
    let article = "AEIOUaeiou".contains(type.name.first ?? "x") ? "an" : "a"
    return Diagnostic(
      .typeMismatch, "`\(parameter)` of `\(owner)` is \(article) \(type.name)", at: span,
      label: "this is \(value.kindDescription)", help: help)
  }

  /// The message for two arguments that stand in each other's places: name, value and position of each.
  func swapped(
    _ site: CallSite, _ first: (name: String, value: Value, position: Int),
    _ second: (name: String, value: Value, position: Int), _ signature: String
  ) -> Diagnostic {
    let (place, otherPlace) = (site.argumentSpans[first.position], site.argumentSpans[second.position])
    var edits: [Diagnostic.Edit] = []
    if let written = text(place), let other = text(otherPlace) {
      edits = [.init(place, other), .init(otherPlace, written)]
    }
    return Diagnostic(
      .typeMismatch, "`\(first.name)` and `\(second.name)` of `\(site.name)` stand in each other's places",
      at: place, label: "this is \(first.value.kindDescription)",
      secondary: [
        .init(otherPlace, "this is \(second.value.kindDescription)", style: .secondary)
      ], notes: ["it is \(signature)"], help: [.init("exchange them", edits: edits)])
  }

  /// The message for something else than a layer after an arrow.
  func notALayer(_ value: Value, _ span: SourceSpan) -> Diagnostic {
    var help: [Diagnostic.Help] = []
    switch value {
    case .tensor: help.append(.init("to join tensors write (x, y) -> concat or x + y"))
    case .list: help.append(.init("apply the layers one after the other: x -> f -> g"))
    default: break
    }
    return Diagnostic(
      .expectedTensor, "after an arrow stands a layer", at: span, label: "this is \(value.kindDescription)",
      help: help)
  }

  /// The message for a layer that takes another number of tensors.
  func arity(
    _ name: String, _ expected: ClosedRange<Int>, _ header: ModuleHeader?, _ tensors: [Tensor],
    _ site: SourceSpan, _ layer: LayerValue
  ) -> Diagnostic {
    let wanted =
      expected.upperBound == Int.max
      ? "at least \(counted(expected.lowerBound, "tensor"))" : counted(expected.lowerBound, "tensor")
    var secondary: [Diagnostic.Label] = []
    if tensors.count == 1, let tensor = tensors.first, let assembly {
      secondary.append(
        .init(tensor.source, "one tensor \(assembly.shape(tensor.node))", style: .secondary))
    }
    var label = "takes \(wanted)"
    if let header {
      label = "defined with `in \(header.syntax.inputs.map { $0.text.prefixed(40) }.joined(separator: ", "))`"
      secondary.append(.init(header.inputsSpan, "its inputs", style: .secondary))
    }
    var help: [Diagnostic.Help] = []
    if tensors.count == 1, expected.lowerBound > 1, expected.lowerBound <= 4 {
      help.append(startAgain(expected.lowerBound, layer))
    } else if tensors.count > 1, expected == 1...1 {
      help.append(
        .init("join them first with concat or add, or apply it to each: each v in xs { v -> \(name) }"))
    }
    return Diagnostic(
      .arityMismatch, "\(name) takes \(wanted), but this chain carries \(tensors.count)", at: site,
      label: label,
      secondary: secondary, help: help)
  }

  /// Advice to begin the chain with as many tensors as its first layer takes.
  private func startAgain(_ count: Int, _ layer: LayerValue) -> Diagnostic.Help {
    let times = count == 2 ? "twice" : "\(count) times"
    var start = "x"
    var rest = layer.name
    var edits: [Diagnostic.Edit] = []
    let frame = frames.last { if case .code = $0.work { true } else { false } }
    if let chain = frame?.chain, let first = text(chain.start), let link = text(chain.link),
      !first.contains("\n"), !link.contains("\n")
    {
      (start, rest) = (first, link)
      let tuple = [String](repeating: first, count: count).joined(separator: ", ")
      edits.append(.init(chain.start, "(\(tuple))"))
    }
    let tuple = [String](repeating: start, count: count).joined(separator: ", ")
    return .init(
      "start from \(start == "x" ? "the tensor" : "the \(start)") \(times): (\(tuple)) -> \(rest)",
      edits: edits, isOneOfSeveral: true)
  }

  /// The text of a span of the program.
  private func text(_ span: SourceSpan) -> String? {
    names.modules.first { $0.syntax.node.tree.source.id == span.file }?.syntax.node.tree.source.text(span)
  }

  // MARK: Requirements

  /// The message for a requirement that does not hold, with the two sides of a comparison; for a figure of the network
  /// with the parts that weigh most.
  func failure(of site: RequirementSite, _ values: [Value], _ span: SourceSpan) -> Diagnostic {
    let message = site.message ?? "this requires `\(site.text.prefixed(80))`"
    guard values.count == 2, let sign = site.comparator else {
      return Diagnostic(.requirementFailed, message, at: span, label: "does not hold")
    }
    func shown(_ value: Value) -> String {
      if case .integer(let number) = value { return grouped(number) }
      return value.text
    }
    var label = "here \(shown(values[0])) and \(shown(values[1]))"
    guard let metric = site.metric, case .integer(let left) = values[0], case .integer(let right) = values[1],
      case (let distance, false) = left.subtractingReportingOverflow(right)
    else { return Diagnostic(.requirementFailed, message, at: span, label: label) }
    let isLimit = sign == .less || sign == .lessOrEqual
    if isLimit, distance >= 0 {
      label = "\(metric.rawValue) is \(grouped(left)): \(grouped(distance)) too many"
      if metric == .depth { label = "depth is \(grouped(left)): \(grouped(distance)) too deep" }
    }
    return Diagnostic(
      .requirementFailed, message, at: span, label: label,
      notes: result.map { $0.heaviest(metric) } ?? [])
  }

  // MARK: Shapes

  /// The message for a tensor and something else under one operator.
  func mixed(_ sign: String, _ value: Value, _ span: SourceSpan, _ operands: [SourceSpan]) -> Diagnostic {
    var help: [Diagnostic.Help] = []
    if case .layer = value { help.append(.init("apply the layer: (x -> \(value.text))")) }
    return Diagnostic(
      .expectedTensor, "`\(sign)` joins tensors with tensors", at: span,
      label: "this is \(value.kindDescription)",
      secondary: operands.filter { $0 != span }.prefix(3).map { .init($0, "", style: .secondary) }, help: help
    )
  }

  /// The message for operands of a sum or product whose shapes differ.
  func disagreement(_ sign: String, _ tensors: [Tensor], _ site: OperationSite) -> Diagnostic {
    guard let assembly else { return Diagnostic(.shapesDisagree, "", at: site.operandSpans[0]) }
    let shapes = tensors.map { assembly.shape($0.node) }
    let odd = shapes.firstIndex { $0 != shapes[0] } ?? min(1, shapes.count - 1)
    var secondary: [Diagnostic.Label] = []
    // Operands that are whole products are underlined as far as they take part.
    for index in [0, odd] where index < site.operandSpans.count {
      let span = site.operandSpans[index]
      let name = site.operandNames[index]
      let tensor = tensors[index]
      let shape = shapes[index]
      if tensor.isInput {
        secondary.append(
          .init(span, "\(name ?? "this") is \(shape), from the cell's input", style: .secondary))
      } else if tensor.source.file == span.file, tensor.source.lower >= span.lower,
        tensor.source.upper <= span.upper
      {
        secondary.append(.init(span, "this is \(shape)", style: .secondary))
      } else {
        secondary.append(.init(tensor.source, "\(name ?? "one side") is \(shape) here", style: .secondary))
        secondary.append(.init(span, "", style: .secondary))
      }
    }
    let operatorIndex = max(0, min(odd - 1, site.operatorSpans.count - 1))
    let place = site.operatorSpans.isEmpty ? site.operandSpans[0] : site.operatorSpans[operatorIndex]
    let many = tensors.count > 2
    return Diagnostic(
      .shapesDisagree,
      many
        ? "operands of `\(sign)` have different shapes" : "the two sides of `\(sign)` have different shapes",
      at: place, secondary: secondary, notes: [difference(shapes[0], shapes[odd])],
      help: sumHelp(sign, shapes[0], shapes[odd], site, odd))
  }

  /// `channels differ: 256 and 64`.
  func difference(_ a: Shape, _ b: Shape, except axis: Axis? = nil) -> String {
    var parts: [String] = []
    for (other, name) in zip(Axis.allCases, ["channels", "heights", "widths"])
    where other != axis && a[other.rawValue] != b[other.rawValue] {
      parts.append("\(name) differ: \(a[other.rawValue]) and \(b[other.rawValue])")
    }
    return parts.joined(separator: "; ")
  }

  /// `fit` projects the side that is narrower or larger than the other: the shortcut.
  private func sumHelp(_ sign: String, _ a: Shape, _ b: Shape, _ site: OperationSite, _ odd: Int)
    -> [Diagnostic.Help]
  {
    if sign == "*" {
      return [.init("a gate has the shape [c, 1, 1]: x * (x -> global_avg_pool -> ... -> sigmoid)")]
    }
    // `fit` divides both sizes by one stride and sets the channels: it helps where that gives the other shape.
    let index: Int
    if isReached(from: b, a) { index = odd } else if isReached(from: a, b) { index = 0 } else { return [] }
    guard index < site.operandSpans.count, !site.usesFit else { return [] }
    let span = site.operandSpans[index]
    if let link = site.fitAfter {
      // `y + x -> fit` applies `fit` to the sum.
      return [
        .init(
          "an arrow applies to the whole sum before it; write `fit` beside the shortcut only",
          edits: link.lower == span.upper
            ? [.init(span.start, "("), .init(link.end, ")")]
            : [.init(span.start, "("), .init(span.end, " -> fit)"), .init(link, "")])
      ]
    }
    let edits: [Diagnostic.Edit] =
      site.operandNames[index] == nil ? [] : [.init(span.start, "("), .init(span.end, " -> fit)")]
    let project = Diagnostic.Help("project the shortcut where needed", edits: edits)
    guard let use = names.scopes[Int(span.file.index)].useOfStandard else { return [project] }
    return [project, .init("`fit` is in `std`: add `use std`", edits: [use])]
  }
}

/// Whether `fit` brings a tensor of one shape to another.
private func isReached(from shape: Shape, _ goal: Shape) -> Bool {
  guard shape.height >= goal.height else { return false }
  let stride = (shape.height - 1) / goal.height + 1
  return (shape.height - 1) / stride + 1 == goal.height && (shape.width - 1) / stride + 1 == goal.width
}

extension String {
  /// The text, cut after so many characters.
  func prefixed(_ limit: Int) -> String {
    utf8.count <= limit ? self : "\(prefix(limit))..."
  }
}
