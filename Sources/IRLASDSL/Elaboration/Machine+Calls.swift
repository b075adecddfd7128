import IRLASGraph

extension Machine {
  /// Pops the arguments of a call and pushes the layer.
  func call(_ site: CallSite, _ span: SourceSpan) {
    let values = pop(site.argumentSpans.count)
    let path = site.path.map(text)
    let peer = site.peerSlot.flatMap { frames[frames.count - 1].locals[$0] }
    switch site.callee {
    case .primitive(let index):
      let primitive = Primitive.all[index]
      let (arguments, written) = place(
        values, of: site, count: primitive.parameters.count, primitive.signature
      ) { (primitive.parameters[$0].name, primitive.parameters[$0].type) }
      if primitive.inputs.upperBound == 0 {
        // What takes no tensor is one already.
        let layer = LayerValue(
          .primitive(index, arguments), name: primitive.name, span: span, written: written)
        return applyPrimitive(primitive, arguments, layer, [], span)
      }
      pushLayer(.primitive(index, arguments), primitive.name, span, written)
    case .module(let id):
      let header = names.modules[id]
      let (arguments, written) = place(
        values, of: site, count: header.parameters.count, header.signature
      ) { (header.parameters[$0].name, header.parameters[$0].type) }
      // A cell that recurses has been reported; its layers are poison.
      guard codes[id] != nil else { return push(.poison) }
      pushLayer(.module(id, arguments, peer: peer), header.name, span, written, path)
    case .local(let slot):
      callPartial(local(slot), site, values, span)
    }
  }

  /// The values of a call by parameter, each as the type of its parameter; poison after a report.
  private func place(
    _ values: [Value], of site: CallSite, count: Int, _ signature: @autoclosure () -> String,
    _ parameter: (Int) -> (name: String, type: ValueType)
  ) -> (arguments: [Value?], written: [LayerValue.Written]) {
    var arguments = [Value?](repeating: nil, count: count)
    var written: [LayerValue.Written] = []
    for (position, target) in site.parameters.enumerated() {
      written.append(
        .init(parameter: target, isLabelled: site.labels[position] != nil, span: site.wholeSpans[position]))
      // Already placed together with an earlier one.
      guard arguments[target] == nil else { continue }
      charge(values[position])
      let (name, type) = parameter(target)
      do {
        arguments[target] = try type.convert(values[position])
      } catch {
        guard let other = counterpart(of: position, values, site, parameter) else {
          report(conversion(error, values[position], type, site.name, name, site.argumentSpans[position]))
          arguments[target] = .poison
          continue
        }
        let otherTarget = site.parameters[other]
        arguments[target] = try? type.convert(values[other])
        arguments[otherTarget] = try? parameter(otherTarget).type.convert(values[position])
        report(
          swapped(
            site, (name, values[position], position), (parameter(otherTarget).name, values[other], other),
            signature()))
      }
    }
    return (arguments, written)
  }

  /// The later argument without a label that is as wrong in its place as this one, while each fits the other's.
  private func counterpart(
    of position: Int, _ values: [Value], _ site: CallSite,
    _ parameter: (Int) -> (name: String, type: ValueType)
  ) -> Int? {
    guard site.labels[position] == nil else { return nil }
    let type = parameter(site.parameters[position]).type
    return values.indices.first { other in
      guard other > position, site.labels[other] == nil, !values[other].isPoison else { return false }
      let otherType = parameter(site.parameters[other]).type
      return (try? otherType.convert(values[other])) == nil && (try? type.convert(values[other])) != nil
        && (try? otherType.convert(values[position])) != nil
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
}
