import IRLASGraph

extension Machine {
  /// The message for a primitive that cannot be applied to its inputs.
  func diagnostic(
    for issue: ShapeIssue, _ primitive: Primitive, _ layer: LayerValue, _ tensors: [Tensor],
    _ site: SourceSpan
  ) -> Diagnostic {
    guard let assembly else { return Diagnostic(.valueOutOfRange, issue.description, at: site) }
    let name = primitive.name
    let shapes = tensors.map { assembly.shape($0.node) }
    let arriving = arrivals(tensors, site)
    if assembly.takeSharingFailure() {
      let site = frames.last { if case .sharing = $0.work { true } else { false } }?.site ?? site
      return Diagnostic(
        .shapesDisagree, "this use of a shared layer needs other weights than its first use", at: site,
        label: shapes.first.map { "\($0) arrives here" } ?? "",
        secondary: arriving + [.init(layer.span, "these weights", style: .secondary)],
        notes: [issue.description],
        help: [.init("`shared` layers see the same number of channels every time")])
    }
    switch issue {
    case .groupsDoNotDivide(3, let channels, _) where name == "attend":
      return Diagnostic(
        .groupsDoNotDivide,
        "`attend` takes queries, keys and values, but \(channels) is not three times a width",
        at: site, label: "\(shapes[0]) arrives here", secondary: arriving,
        help: [.init("`attention` makes them from its input")])
    case .groupsDoNotDivide(let groups, let channels, let ofOutput):
      return groupsDoNotDivide(groups, channels, ofOutput, primitive, layer, arriving, site)
    case .windowDoesNotFit(let axis, let input, let padding, let reach):
      return Diagnostic(
        .vanishingSize, "the \(axis) vanishes: a window of \(reach) does not fit \(input)", at: site,
        label: padding == 0
          ? "\(shapes[0]) arrives here" : "\(shapes[0]) arrives here; padding adds \(padding)",
        secondary: shrinkage(of: tensors[0].node, site),
        help: [.init("`padding: same` never makes a size vanish; or use fewer strides before")])
    case .vanishes(let axis, let size):
      if axis == .channel {
        return Diagnostic(
          .valueOutOfRange, "`\(name)` cannot take channels away", at: site,
          label: "\(shapes[0]) arrives here",
          secondary: arriving)
      }
      return Diagnostic(
        .vanishingSize, "the \(axis) becomes \(size)", at: site, label: "\(shapes[0]) arrives here",
        secondary: shrinkage(of: tensors[0].node, site))
    case .operandsDisagree(let first, let second, let shapes, let axis):
      return disagreement(of: primitive, first, second, shapes, axis, tensors, site)
    case .needsFlat(let actual):
      return Diagnostic(
        .shapeContract, "`\(name)` takes [n, 1, 1], not \(actual)", at: site,
        label: "\(actual) arrives here", secondary: arriving,
        help: [
          .init(
            "average over the places", edits: [.init(site.start, "global_avg_pool -> ")],
            isOneOfSeveral: true),
          .init("or keep them all", edits: [.init(site.start, "flatten -> ")], isOneOfSeveral: true),
        ])
    case .notPositive(let attribute, let value):
      return Diagnostic(
        .valueOutOfRange, "`\(attribute)` of `\(name)` is \(value), but must be at least 1",
        at: argument(attribute, primitive, layer))
    case .negative(let attribute, let value):
      return Diagnostic(
        .valueOutOfRange, "`\(attribute)` of `\(name)` is \(value), but must not be negative",
        at: argument(attribute, primitive, layer))
    case .rateOutOfRange(let attribute, let value):
      let range =
        attribute == "eps"
        ? "must be positive"
        : attribute == "momentum" ? "must be above 0 and at most 1" : "must be at least 0 and below 1"
      return Diagnostic(
        .valueOutOfRange, "`\(attribute)` of `\(name)` is \(value), but \(range)",
        at: argument(attribute, primitive, layer))
    case .paddingTooLarge(let axis, let padding, let kernel):
      return Diagnostic(
        .valueOutOfRange,
        "a padding of \(padding) is more than half the \(axis) of the window, \(kernel)", at: layer.span,
        label: "some windows would see padding only")
    case .tooLarge(let what, let value):
      return Diagnostic(
        .valueOutOfRange, "\(what) is \(value): too large", at: site,
        label: shapes.isEmpty ? "" : "\(shapes[0]) arrives here")
    case .wrongKind where name == "pad":
      return Diagnostic(
        .typeMismatch, "`border` of `pad` is a number of rows and columns", at: layer.span,
        label: "n, [h, w] or [t, l, b, r]")
    case .inputCount, .wrongKind, .outOfRange, .declaredShape, .parameterShape:
      return Diagnostic(
        .shapeContract, "`\(name)` cannot be applied here: \(issue.description)", at: site,
        secondary: arriving)
    }
  }

  /// The bytes of the argument that set a parameter; those of the layer when it has its default.
  private func argument(_ name: String, _ primitive: Primitive, _ layer: LayerValue) -> SourceSpan {
    guard let index = primitive.parameters.firstIndex(where: { $0.name == name }) else { return layer.span }
    return layer.written.first { $0.parameter == index }?.span ?? layer.span
  }

  /// Where the inputs come from.
  private func arrivals(_ tensors: [Tensor], _ site: SourceSpan) -> [Diagnostic.Label] {
    guard let assembly, tensors.count == 1 else { return [] }
    let tensor = tensors[0]
    if tensor.source == site { return [] }
    return [.init(tensor.source, "\(assembly.shape(tensor.node)) here", style: .secondary)]
  }

  private func groupsDoNotDivide(
    _ groups: Int, _ channels: Int, _ ofOutput: Bool, _ primitive: Primitive, _ layer: LayerValue,
    _ arriving: [Diagnostic.Label], _ site: SourceSpan
  ) -> Diagnostic {
    let below = channels - channels % groups
    let (above, overflow) = below.addingReportingOverflow(groups)
    var widths = below > 0 ? ["\(below)"] : []
    if !overflow { widths.append("\(above)") }
    let isAttention = primitive.parameters.first?.name == "heads"
    let noun = isAttention ? counted(groups, "head") : counted(groups, "group")
    let what = primitive.name == "split" ? "\(groups) equal parts" : noun
    let place = argument(
      primitive.name == "split" ? "n" : isAttention ? "heads" : "groups", primitive, layer)
    var secondary = arriving
    if ofOutput {
      let out = argument("out", primitive, layer)
      secondary = out == layer.span ? [] : [.init(out, "", style: .secondary)]
    }
    return Diagnostic(
      .groupsDoNotDivide,
      primitive.name == "split"
        ? "\(channels) channels cannot be split into \(what)" : "\(what) cannot split \(channels) channels",
      at: place, label: "\(channels) / \(groups) is not a whole number", secondary: secondary,
      notes: ofOutput || primitive.name == "split" ? [] : ["the \(channels) channels arrive at the layer"],
      help: [.init("nearest widths that work: \(widths.joined(separator: ", "))")])
  }

  private func disagreement(
    of primitive: Primitive, _ first: Int, _ second: Int, _ shapes: [Shape], _ axis: Axis?,
    _ tensors: [Tensor], _ site: SourceSpan
  ) -> Diagnostic {
    var secondary: [Diagnostic.Label] = []
    for index in [first, second] where index < tensors.count {
      let from = tensors[index].isInput ? ", from the cell's input" : ""
      secondary.append(
        .init(tensors[index].source, "tensor \(index + 1) is \(shapes[index])\(from)", style: .secondary))
    }
    let off = axis.map { ", which joins along \($0.letter)" } ?? ""
    return Diagnostic(
      .shapesDisagree, "these operands of `\(primitive.name)` disagree", at: site,
      label: "tensors \(first + 1) and \(second + 1) disagree\(off)", secondary: secondary,
      notes: [difference(shapes[first], shapes[second], except: axis)])
  }

  /// The layers on the way to a value that made height or width smaller, nearest first.
  private func shrinkage(of node: NodeID, _ site: SourceSpan) -> [Diagnostic.Label] {
    guard let assembly else { return [] }
    var labels: [Diagnostic.Label] = []
    var current = node
    var seen: Set<SourceSpan> = [site]
    while labels.count < 6 {
      let here = assembly.builder[current]
      guard let input = here.inputs.first else { break }
      let (shape, before) = (here.shape, assembly.shape(input))
      if before.isImage, shape.isImage, shape.height < before.height || shape.width < before.width {
        let span = assembly.spans[Int(here.origin)]
        if seen.insert(span).inserted {
          labels.append(
            .init(
              span, "\(before.height)x\(before.width) becomes \(shape.height)x\(shape.width) here",
              style: .secondary))
        }
      }
      current = input
    }
    return labels
  }
}
