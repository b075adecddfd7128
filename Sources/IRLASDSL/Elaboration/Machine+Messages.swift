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
          edits: [.init(span.start, "floor("), .init(span.end, ")")])
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
      help.append(.init("write \(size)x\(size)", edits: [.init(span, "\(size)x\(size)")]))
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
    case (.layer, .tensor):
      help.append(.init("a layer is given without its input: relu, not x -> relu"))
    default: break
    }
    let article = "AEIOUaeiou".contains(type.name.first ?? "x") ? "an" : "a"
    return Diagnostic(
      .typeMismatch, "`\(parameter)` of `\(owner)` is \(article) \(type.name)", at: span,
      label: "this is \(value.kindDescription)", help: help)
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
      let twice = [String](repeating: "x", count: expected.lowerBound).joined(separator: ", ")
      let times = expected.lowerBound == 2 ? "twice" : "\(expected.lowerBound) times"
      help.append(.init("start from the tensor \(times): (\(twice)) -> \(layer.name)"))
    } else if tensors.count > 1, expected == 1...1 {
      help.append(
        .init("join them first with concat or add, or apply it to each: each v in xs { v -> \(name) }"))
    }
    return Diagnostic(
      .arityMismatch, "\(name) takes \(wanted), but this chain carries \(tensors.count)", at: site,
      label: label,
      secondary: secondary, help: help)
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
        secondary.append(.init(span, "\(shape)", style: .secondary))
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
    // The side with more places, or fewer channels, can be brought to the other's shape.
    let fitsFirst = a.height > b.height || (a.height == b.height && a.channels < b.channels)
    let index = fitsFirst ? 0 : odd
    guard index < site.operandSpans.count else { return [] }
    let span = site.operandSpans[index]
    let edits: [Diagnostic.Edit] =
      site.operandNames[index] == nil ? [] : [.init(span.start, "("), .init(span.end, " -> fit)")]
    return [.init("project the shortcut where needed (`fit` is in `std`)", edits: edits)]
  }
}

extension String {
  /// The text, cut after so many characters.
  func prefixed(_ limit: Int) -> String {
    utf8.count <= limit ? self : "\(prefix(limit))..."
  }
}
