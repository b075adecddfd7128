import IRLASGraph

extension Machine {
  // MARK: Making layers

  /// Pops the arguments of a call and pushes the layer.
  func call(_ site: CallSite, _ span: SourceSpan) {
    let values = pop(site.argumentSpans.count)
    let path = site.path.map(text)
    let peer = site.peerSlot.flatMap { frames[frames.count - 1].locals[$0] }
    switch site.callee {
    case .primitive(let index):
      let primitive = Primitive.all[index]
      var arguments = [Value?](repeating: nil, count: primitive.parameters.count)
      var written: [LayerValue.Written] = []
      for (position, target) in site.parameters.enumerated() {
        let parameter = primitive.parameters[target]
        arguments[target] = convert(
          values[position], to: parameter.type, of: primitive.name, parameter.name,
          site.argumentSpans[position])
        written.append(
          .init(parameter: target, isLabelled: site.labels[position] != nil, span: site.wholeSpans[position]))
      }
      if primitive.inputs.upperBound == 0 {
        // What takes no tensor is one already.
        let layer = LayerValue(
          .primitive(index, arguments), name: primitive.name, span: span, written: written)
        return applyPrimitive(primitive, arguments, layer, [], span)
      }
      pushLayer(.primitive(index, arguments), primitive.name, span, written)
    case .module(let id):
      let header = names.modules[id]
      var arguments = [Value?](repeating: nil, count: header.parameters.count)
      var written: [LayerValue.Written] = []
      for (position, target) in site.parameters.enumerated() {
        let parameter = header.parameters[target]
        arguments[target] = convert(
          values[position], to: parameter.type, of: header.name, parameter.name, site.argumentSpans[position])
        written.append(
          .init(parameter: target, isLabelled: site.labels[position] != nil, span: site.wholeSpans[position]))
      }
      // A cell that recurses has been reported; its layers are poison.
      guard codes[id] != nil else { return push(.poison) }
      pushLayer(.module(id, arguments, peer: peer), header.name, span, written, path)
    case .local(let slot):
      callPartial(local(slot), site, values, span)
    }
  }

  private func pushLayer(
    _ kind: LayerValue.Kind, _ name: String, _ span: SourceSpan, _ written: [LayerValue.Written],
    _ path: String? = nil
  ) {
    push(bounded(.layer(LayerValue(kind, name: name, span: span, written: written, path: path)), span))
  }

  /// Arguments for a layer that has some already: `body(128)` where `body` is `Cell(reduce: true)`.
  private func callPartial(_ callee: Value, _ site: CallSite, _ values: [Value], _ span: SourceSpan) {
    guard case .layer(var layer) = callee else {
      if callee.isPoison { return push(.poison) }
      return fail(
        Diagnostic(
          .typeMismatch, "`\(site.name)` is \(callee.kindDescription), not a layer", at: span,
          label: "only layers take arguments"))
    }
    var arguments: [Value?]
    let parameters: [(name: String, type: ValueType)]
    var sample: String?
    if case .sampled(let name, let inner) = layer.kind { (sample, layer) = (name, inner) }
    switch layer.kind {
    case .primitive(let index, let given):
      arguments = given
      parameters = Primitive.all[index].parameters.map { ($0.name, $0.type) }
    case .module(let id, let given, _):
      arguments = given
      parameters = names.modules[id].parameters.map { ($0.name, $0.type) }
    default:
      if values.isEmpty { return push(callee) }
      return fail(
        Diagnostic(
          .tooManyArguments, "`\(site.name)` takes no arguments", at: span,
          label: "it is made of several layers",
          secondary: [.init(layer.span, "made here", style: .secondary)]))
    }
    var written = layer.written
    for (position, value) in values.enumerated() {
      let target: Int?
      if let label = site.labels[position] {
        target = parameters.firstIndex { $0.name == label }
      } else {
        target = arguments.firstIndex { $0 == nil }
      }
      guard let target else {
        let label = site.labels[position]
        let near = label.flatMap { nearest(to: $0, among: parameters.map(\.name)) }
        return fail(
          Diagnostic(
            label == nil ? .tooManyArguments : .unknownArgument,
            label.map { "`\(layer.name)` has no parameter `\($0)`" }
              ?? "all parameters of `\(layer.name)` are given already",
            at: site.argumentSpans[position], label: near.map { "did you mean `\($0)`?" } ?? "",
            secondary: [.init(layer.span, "made here", style: .secondary)]))
      }
      arguments[target] = convert(
        value, to: parameters[target].type, of: layer.name, parameters[target].name,
        site.argumentSpans[position])
      written.removeAll { $0.parameter == target }
      written.append(
        .init(parameter: target, isLabelled: site.labels[position] != nil, span: site.wholeSpans[position]))
    }
    let peer = site.peerSlot.flatMap { frames[frames.count - 1].locals[$0] }
    switch layer.kind {
    case .primitive(let index, _): pushLayer(.primitive(index, arguments), layer.name, span, written)
    case .module(let id, _, let own):
      let kind = LayerValue.Kind.module(id, arguments, peer: own ?? peer)
      guard let sample else { return pushLayer(kind, layer.name, span, written, layer.path) }
      let inner = LayerValue(kind, name: layer.name, span: span, written: written, path: layer.path)
      pushLayer(.sampled(sample, inner), layer.name, span, [])
    default: push(.poison)
    }
  }

  /// Pops a layer and pushes it with one set of weights for all its applications.
  func share(_ span: SourceSpan) {
    let value = pop()
    guard case .layer(let layer) = value else {
      if value.isPoison { return push(.poison) }
      return fail(
        Diagnostic(
          .typeMismatch, "`shared` binds a layer", at: span, label: "this is \(value.kindDescription)",
          help: [.init("a tensor is one value however often it is read")]))
    }
    guard let assembly else { return push(value) }
    push(
      bounded(
        .layer(LayerValue(.shared(assembly.makeSharingKey(), layer), name: layer.name, span: span)), span))
  }

  // MARK: Applying layers

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

  private func applyPrimitive(
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
