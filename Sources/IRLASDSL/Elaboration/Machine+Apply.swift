import IRLASGraph

extension Machine {
  /// One link of a chain: applies the layer, or composes two layers.
  func applyLink(_ link: Value, to input: Value, isFirst: Bool, site: SourceSpan) {
    charge(link)
    charge(input)
    if mode == .counting, link.isPoison || input.isPoison {
      return applyUnknown(link, to: input, site: site)
    }
    if link.isPoison || input.isPoison { return push(.poison) }
    guard case .layer(let layer) = link else { return fail(notALayer(link, site)) }
    if case .layer(let first) = input { return compose(first, layer, site) }
    apply(layer, to: input, site: site)
  }

  private func compose(_ first: LayerValue, _ second: LayerValue, _ site: SourceSpan) {
    var layers: [LayerValue] = []
    for layer in [first, second] {
      // Short compositions are flattened; long ones nest, so that repeated doubling stays cheap.
      if case .composition(let parts) = layer.kind, parts.count <= 1024 {
        layers += parts
        steps += parts.count
      } else {
        layers.append(layer)
      }
    }
    let name = "\(layers[0].name) -> ..."
    push(bounded(.layer(LayerValue(.composition(layers), name: name, span: first.span.union(site))), site))
  }

  /// While counting: a layer or what it is applied to is unknown. What can decide is gone through all the same.
  private func applyUnknown(_ link: Value, to input: Value, site: SourceSpan) {
    guard case .layer(let layer) = link else {
      if case .layer = input { return push(.poison) }
      return push(.tensor(.unknown))
    }
    if case .list(let list) = input {
      // Elements of which nothing is known are tensors.
      let known = list.elements.map { if case .poison = $0 { Value.tensor(.unknown) } else { $0 } }
      return apply(layer, to: .list(Value.List(known)), site: site)
    }
    var inner = layer
    while true {
      switch inner.kind {
      case .module(let id, _, _):
        let count = names.modules[id].inputs.count
        let inputs = Value.list(Value.List([Value](repeating: .tensor(.unknown), count: count)))
        return apply(layer, to: count == 1 ? .tensor(.unknown) : inputs, site: site)
      case .composition(let layers):
        guard let first = layers.first else { return push(.tensor(.unknown)) }
        inner = first
      case .repetition(_, let layers):
        guard let first = layers.first else { return push(.tensor(.unknown)) }
        inner = first
      case .shared(_, let shared): inner = shared
      case .sampled(_, let sampled): inner = sampled
      case .mixture(let mixture):
        guard let first = mixture.layers.first else { return push(.tensor(.unknown)) }
        inner = first
      case .primitive: return apply(layer, to: .tensor(.unknown), site: site)
      }
    }
  }

  /// Begins an application; its result is on the stack once the frames above the present ones are done.
  func apply(_ layer: LayerValue, to input: Value, site: SourceSpan) {
    guard let tensors = tensors(of: input, site: site) else { return push(.poison) }
    guard frames.count < limits.depth else {
      return halt("layers nested more than \(limits.depth) levels deep", at: site)
    }
    switch layer.kind {
    case .primitive(let index, let arguments):
      applyPrimitive(Primitive.all[index], arguments, layer, tensors, site)
    case .module(let id, let arguments, _):
      applyModule(id, arguments, layer, tensors, site)
    case .composition(let layers):
      push(input)
      frames.append(Frame(work: .composition(layers, next: 0), site: site))
    case .repetition(let count, let layers):
      push(input)
      guard count > 0 else { return }
      guard mayGrow(by: count, at: site) else { return }
      let origin = assembly?.origin(of: layer.span) ?? 0
      assembly?.builder.openScope(
        .repetition(count: count), name: "repeat", label: layer.name, origin: origin)
      frames.append(Frame(work: .repetition(count: count, layers, next: 0), site: site))
    case .shared(let key, let inner):
      assembly?.beginSharing(key, isFirst: appliedShared.insert(key).inserted)
      frames.append(Frame(work: .sharing, site: site))
      apply(inner, to: input, site: site)
    case .mixture(let mixture):
      frames.append(Frame(work: .mixing(mixture, input: input, results: [], isWaiting: false), site: site))
    case .sampled(let name, let inner):
      if mode == .counting, !appliedSamples.insert(name).inserted {
        // Everything was decided by the first application.
        return push(unknownResult(of: inner))
      }
      trail?.beginSample()
      frames.append(Frame(work: .sampling, site: site))
      apply(inner.named(name), to: input, site: site)
    }
  }

  /// The tensors that a value carries into a layer; nil after a report when it carries none.
  private func tensors(of value: Value, site: SourceSpan) -> [Tensor]? {
    switch value {
    case .tensor(let tensor): return [tensor]
    case .poison: return nil
    case .list(let list):
      charge(value)
      var tensors: [Tensor] = []
      for element in list.elements {
        switch element {
        case .tensor(let tensor): tensors.append(tensor)
        case .poison: return nil
        default:
          report(
            Diagnostic(
              .expectedTensor, "a chain carries tensors", at: site,
              label: "\(element.kindDescription) is in the tuple before this arrow"))
          return nil
        }
      }
      return tensors
    default:
      report(
        Diagnostic(
          .expectedTensor, "a chain carries tensors", at: site,
          label: "before this arrow stands \(value.kindDescription)",
          help: [.init("hyper-parameters go in parentheses: conv(3x3, 64)")]))
      return nil
    }
  }

  /// Applies a layer of the language.
  func applyPrimitive(
    _ primitive: Primitive, _ given: [Value?], _ layer: LayerValue, _ tensors: [Tensor], _ site: SourceSpan
  ) {
    var values: [Value] = []
    for (parameter, value) in zip(primitive.parameters, given) {
      if let value {
        values.append(value)
      } else if let value = parameter.defaultValue {
        values.append((try? parameter.type.convert(value)) ?? .poison)
      } else {
        return fail(
          Diagnostic(
            .missingArgument, "`\(primitive.name)` needs `\(parameter.name)`", at: layer.span,
            label: "not given here", notes: ["it is \(primitive.signature)"]))
      }
    }
    if mode == .counting {
      guard primitive.name == "split" else { return push(.tensor(.unknown)) }
      guard case .integer(let parts) = values[0], (0...limits.elements).contains(parts) else {
        return push(.poison)
      }
      return push(.list(Value.List([Value](repeating: .tensor(.unknown), count: parts))))
    }
    if values.contains(where: \.isPoison) { return push(.poison) }
    guard primitive.inputs.contains(tensors.count) else {
      return fail(arity(primitive.name, primitive.inputs, nil, tensors, site, layer))
    }
    guard let assembly else { return push(.poison) }
    guard mayGrow(by: 8, at: site) else { return }
    steps += tensors.count
    assembly.origin = assembly.origin(of: site)
    do throws(ShapeIssue) {
      let nodes = try primitive.apply(assembly, Primitive.Arguments(values: values), tensors.map(\.node))
      let results = nodes.map { Value.tensor(Tensor(node: $0, source: site)) }
      push(results.count == 1 ? results[0] : .list(Value.List(results)))
      observer?.note(site, stack.last, assembly)
    } catch {
      fail(diagnostic(for: error, primitive, layer, tensors, site))
    }
  }

  private func applyModule(
    _ id: Int, _ arguments: [Value?], _ layer: LayerValue, _ tensors: [Tensor], _ site: SourceSpan
  ) {
    let header = names.modules[id]
    guard let code = codes[id] else { return push(.poison) }
    guard header.inputCount.contains(tensors.count) else {
      return fail(arity(header.name, header.inputCount, header, tensors, site, layer))
    }
    guard mayGrow(by: 1, at: site) else { return }
    if id == opaqueModule, applyOpaque(arguments, layer, tensors, site) { return }
    if mode == .counting, canSkip(id, arguments) { return push(unknownResult(of: layer)) }
    var locals = arguments
    locals.reserveCapacity(code.code.slotCount)
    let inputs = header.syntax.inputs
    var marked: [Tensor] = []
    for (index, tensor) in tensors.enumerated() {
      let view = inputs[min(index, inputs.count - 1)]
      marked.append(Tensor(node: tensor.node, source: view.name?.span ?? view.span, isInput: true))
    }
    for index in header.inputs.indices {
      if header.isVariadic, index == header.inputs.count - 1 {
        locals.append(.list(Value.List(marked[index...].map(Value.tensor))))
      } else {
        locals.append(.tensor(marked[index]))
      }
    }
    while locals.count < code.code.slotCount { locals.append(nil) }
    if let assembly {
      assembly.builder.openScope(
        .cell, name: header.name, label: label(of: layer), isAtomic: header.isAtomic,
        origin: assembly.origin(of: site))
    }
    frames.append(
      Frame(
        work: .code, site: site, code: code, locals: locals, module: id, layer: layer, inputs: marked,
        stackBase: stack.count,
        path: header.keyword == .space ? layer.path ?? header.name : nil))
  }

  /// While counting: what an application of a layer gives.
  private func unknownResult(of layer: LayerValue) -> Value {
    guard case .module(let id, _, _) = layer.kind, let count = codes[id]?.code.outputs.count, count > 1 else {
      return .tensor(.unknown)
    }
    return .list(Value.List([Value](repeating: .tensor(.unknown), count: count)))
  }

  // MARK: Leaving

  /// Takes the outputs and leaves the module: a cell gives them to its caller, a network ends the graph.
  func leave(_ count: Int, _ code: Code) {
    let values = pop(count)
    let frame = frames[frames.count - 1]
    observer?.noteNames(code, frame.locals, assembly)
    if frame.layer == nil { return finish(values, code) }
    var results: [Value] = []
    var labels: [Value.List.Label] = []
    for (index, value) in values.enumerated() {
      let start = results.count
      let elements: [Value]
      if case .list(let list) = value { elements = list.elements } else { elements = [value] }
      for element in elements {
        switch element {
        case .tensor(let tensor): results.append(.tensor(Tensor(node: tensor.node, source: frame.site)))
        case .poison: results.append(.poison)
        default:
          report(notATensor(element, code.outputs[index].span))
          results.append(.poison)
        }
      }
      // A cell without `return` gives one poisoned value and has no outputs.
      if index < code.outputs.count, let label = code.outputs[index].label {
        labels.append(Value.List.Label(name: label, range: start..<results.count))
      }
    }
    assembly?.builder.closeScope()
    frames.removeLast()
    var list = Value.List(results)
    list.labels = labels
    push(results.count == 1 ? results[0] : .list(list))
    observer?.note(frame.site, stack.last, assembly)
  }

  /// Ends the network's graph; late requirements follow.
  private func finish(_ values: [Value], _ code: Code) {
    if mode == .counting {
      // Limits on the whole network follow; they cannot be counted.
      let rest = code.instructions[frames[frames.count - 1].pc...]
      for (offset, instruction) in rest.enumerated() {
        if case .require = instruction {
          countingLimits.filters.insert(code.spans[frames[frames.count - 1].pc + offset])
        }
      }
      countingLimits.isComplete = true
      isHalted = true
      return
    }
    guard let assembly else { return halt("no network to end", at: frames[frames.count - 1].site) }
    var outputs: [Graph.Output] = []
    var failed = values.contains(where: \.isPoison)
    for (site, value) in zip(code.outputs, values) where !value.isPoison {
      var elements = [value]
      if case .list(let list) = value { elements = list.elements }
      let unlabelled = code.outputs.count == 1 ? "output" : "output\(outputs.count + 1)"
      for (index, element) in elements.enumerated() {
        guard case .tensor(let tensor) = element else {
          report(notATensor(element, site.span))
          failed = true
          continue
        }
        let base = site.label ?? unlabelled
        outputs.append(
          Graph.Output(
            name: elements.count == 1 ? base : "\(base)\(index + 1)", value: tensor.node,
            isAuxiliary: site.isAuxiliary))
      }
    }
    guard !failed, !outputs.isEmpty else {
      isHalted = true
      return
    }
    let graph = assembly.builder.finish(outputs: outputs)
    result = graph
    for metric in Metric.allCases {
      if let slot = code.metricSlots[metric] { set(slot, .integer(graph.value(of: metric))) }
    }
  }

  /// Leaves the module on top without a result; a network without a result ends the run.
  func abandon() {
    let frame = frames[frames.count - 1]
    if let code = frame.code?.code { observer?.noteNames(code, frame.locals, assembly) }
    if frame.layer == nil {
      result = nil
      isHalted = frame.module != nil
      frames.removeLast()
      push(.poison)
      return
    }
    stack.removeLast(max(0, stack.count - frame.stackBase))
    assembly?.builder.closeScope()
    frames.removeLast()
    push(.poison)
  }

  private func notATensor(_ value: Value, _ span: SourceSpan) -> Diagnostic {
    var help: [Diagnostic.Help] = []
    if case .layer = value { help.append(.init("apply the layer: x -> \(value.text)")) }
    return Diagnostic(
      .expectedTensor, "an output is a tensor", at: span, label: "this is \(value.kindDescription)",
      help: help)
  }
}
