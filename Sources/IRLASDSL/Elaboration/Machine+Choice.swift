import IRLASGraph

extension Machine {
  /// More options than this make no decision that anybody could survey.
  static let mostOptions = 1 << 24

  /// What a choice offers, once its operands are known.
  private struct Offer {
    let count: Int
    let odds: [Double]?
    let label: @Sendable (Int) -> String
  }

  // MARK: Names

  /// The name of a decision or application in the frame on top.
  func text(of path: DecisionPath) -> String {
    let top = frames.count - 1
    var text = frames[top].path ?? frames[top].module.map { names.modules[$0].name } ?? ""
    for part in path.parts {
      switch part {
      case .name(let name): text += ".\(name)"
      case .index(let slot): if case .integer(let index)? = frames[top].locals[slot] { text += "[\(index)]" }
      }
    }
    return text
  }

  // MARK: Deciding

  /// Asks for an option and pushes its index.
  func decide(_ index: Int, _ code: Code, _ span: SourceSpan) {
    let site = code.choices[index]
    guard let offer = offer(site, span) else {
      return push(.poison)
    }
    if mode == .counting {
      guard offer.count > 1 else { return push(.integer(0)) }
      pending = offer.count
      return
    }
    guard let trail else { return push(.poison) }
    if let relaxer {
      let labels = (0..<min(offer.count, Relaxer.mostOptions)).map(offer.label)
      return relax(relaxer, site, count: offer.count, labels, span)
    }
    let point = DecisionPoint(
      name: text(of: site.path), count: offer.count, odds: offer.odds, label: offer.label)
    let module = frames[frames.count - 1].module ?? 0
    guard let option = trail.decide(point, DecisionTrail.Site(module: module, choice: index)) else {
      if !trail.isStopped {
        report(
          Diagnostic(
            .invalidChoice, "the option decided earlier does not exist here", at: span,
            label: "\(counted(offer.count, "option"))"))
      }
      isHalted = true
      return push(.poison)
    }
    push(.integer(option))
  }

  private func offer(_ site: ChoiceSite, _ span: SourceSpan) -> Offer? {
    switch site.kind {
    case .choose: return options(of: site, span)
    case .range: return range(of: site, span)
    case .pick, .some:
      guard let (elements, count) = elements(of: site, span) else { return nil }
      let sources = sources(of: site)
      let name: @Sendable (Int) -> String = { Self.elementName($0, sources) }
      let options: Int?
      if site.kind == .some {
        guard !elements.isEmpty else {
          return refuse("`some` chooses from an empty list", span)
        }
        options = elements.count < 24 ? (1 << elements.count) - 1 : nil
      } else {
        options = Self.binomial(elements.count, count ?? 1)
        guard options != 0 else {
          let wanted = count ?? 1
          return refuse(
            elements.isEmpty
              ? "`pick` chooses from an empty list"
              : "\(wanted) distinct elements cannot be picked from \(elements.count)", span)
        }
      }
      guard let options, options <= Self.mostOptions else {
        return refuse("this choice has more than \(grouped(Self.mostOptions)) options", span)
      }
      let total = elements.count
      let isSome = site.kind == .some
      return Offer(
        count: options, odds: nil,
        label: { option in
          let members = isSome ? Self.subset(option) : Self.combination(option, total, count ?? 1)
          return members.map(name).joined(separator: "+")
        })
    }
  }

  private func refuse(_ problem: String, _ span: SourceSpan) -> Offer? {
    report(Diagnostic(.invalidChoice, problem, at: span, label: "nothing to choose"))
    return nil
  }

  /// How many options each part of a `choose` stands for.
  func optionCounts(_ site: ChoiceSite) -> [Int] {
    site.options.map { option in
      guard let slot = option.slot, case .list(let list) = local(slot) else { return 1 }
      return list.elements.count
    }
  }

  private func options(of site: ChoiceSite, _ span: SourceSpan) -> Offer? {
    let counts = optionCounts(site)
    let total = counts.reduce(0, saturatingSum)
    guard total > 0 else { return refuse("`choose` chooses from an empty list", span) }
    var odds: [Double]?
    if let slot = site.oddsSlot {
      guard case .list(let list) = local(slot) else {
        report(
          Diagnostic(.invalidChoice, "odds are a list of numbers", at: span, label: "one for each option"))
        return nil
      }
      let numbers = list.elements.map { $0.number ?? -1 }
      guard numbers.count == total, numbers.allSatisfy({ $0 >= 0 && $0.isFinite }),
        numbers.contains(where: { $0 > 0 })
      else {
        report(
          Diagnostic(
            .invalidChoice,
            numbers.count == total
              ? "odds are numbers of at least 0, and not all are 0"
              : "\(counted(numbers.count, "number")) for \(counted(total, "option"))", at: span,
            label: "the odds do not fit", help: [.init("give one number for each option")]))
        return nil
      }
      odds = numbers
    }
    let labels = site.options.map(\.label)
    let isList = site.options.map { option in
      guard let slot = option.slot, case .list = local(slot) else { return false }
      return true
    }
    return Offer(count: total, odds: odds) { option in
      var rest = option
      for (index, count) in counts.enumerated() {
        if rest < count { return isList[index] ? "\(labels[index])[\(rest)]" : labels[index] }
        rest -= count
      }
      return "?"
    }
  }

  private func range(of site: ChoiceSite, _ span: SourceSpan) -> Offer? {
    let bounds = site.slots.map(local)
    if bounds.contains(where: \.isPoison) { return nil }
    guard case .integer(let low) = bounds[0], case .integer(let high) = bounds[1] else {
      let wrong = bounds.first { if case .integer = $0 { false } else { true } } ?? .poison
      report(
        Diagnostic(
          .typeMismatch, "a range goes from an Int to an Int", at: span, label: "not \(wrong.kindDescription)"
        ))
      return nil
    }
    guard low <= high else { return refuse("the range from \(low) to \(high) is empty", span) }
    let (size, overflow) = high.subtractingReportingOverflow(low)
    guard !overflow, size < Self.mostOptions else {
      return refuse("this choice has more than \(grouped(Self.mostOptions)) options", span)
    }
    return Offer(count: size + 1, odds: nil) { "\(low + $0)" }
  }

  // MARK: Elements

  /// What `pick` and `some` choose from, lists spliced, and how many `pick` takes; nil when something is poison.
  func elements(of site: ChoiceSite, _ span: SourceSpan) -> (elements: [Value], count: Int?)? {
    guard case .list(let arguments) = local(site.slots[0]) else { return nil }
    var elements: [Value] = []
    var count: Int?
    for (index, value) in arguments.elements.enumerated() {
      switch value {
      case .integer(let number) where index == 0 && site.kind == .pick && arguments.elements.count > 1:
        guard number >= 0 else {
          _ = refuse("a number of elements cannot be negative", span)
          return nil
        }
        count = number
      case .list(let list): elements += list.elements
      case .poison:
        // While counting, an unknown tensor is an element like any other.
        guard mode == .counting else { return nil }
        elements.append(.poison)
      default: elements.append(value)
      }
    }
    steps += elements.count
    return (elements, count)
  }

  /// An argument of `pick` or `some`.
  private struct ElementSource {
    let name: String
    /// How many elements it stands for.
    let count: Int
    /// Whether it is a list.
    let isList: Bool
  }

  /// Where the elements come from; the number that `pick` takes is none.
  private func sources(of site: ChoiceSite) -> [ElementSource] {
    guard case .list(let arguments) = local(site.slots[0]) else { return [] }
    var sources: [ElementSource] = []
    for (index, (value, name)) in zip(arguments.elements, site.names).enumerated() {
      switch value {
      case .integer where index == 0 && site.kind == .pick && arguments.elements.count > 1: continue
      case .list(let list):
        sources.append(ElementSource(name: name, count: list.elements.count, isList: true))
      default: sources.append(ElementSource(name: name, count: 1, isList: false))
      }
    }
    return sources
  }

  /// An element as the text names it: `x`, `h[2]`.
  private static func elementName(_ index: Int, _ sources: [ElementSource]) -> String {
    var rest = index
    for source in sources {
      if rest < source.count { return source.isList ? "\(source.name)[\(rest)]" : source.name }
      rest -= source.count
    }
    return "?"
  }

  // MARK: Combinations

  /// How many ways there are to choose k of n; nil beyond the limit.
  static func binomial(_ n: Int, _ k: Int) -> Int? {
    guard k >= 0, k <= n else { return 0 }
    var result = 1
    for index in 0..<min(k, n - k) {
      let (product, overflow) = result.multipliedReportingOverflow(by: n - index)
      if overflow { return nil }
      result = product / (index + 1)
      if result > mostOptions << 8 { return nil }
    }
    return result
  }

  /// Combination number `rank` of k of n, in lexicographic order.
  static func combination(_ rank: Int, _ n: Int, _ k: Int) -> [Int] {
    var members: [Int] = []
    var rest = rank
    var candidate = 0
    while members.count < k, candidate < n {
      // How many combinations begin with this candidate.
      let begun = binomial(n - candidate - 1, k - members.count - 1) ?? 0
      if rest < begun { members.append(candidate) } else { rest -= begun }
      candidate += 1
    }
    return members
  }

  /// The members of non-empty subset number `rank`.
  static func subset(_ rank: Int) -> [Int] {
    let bits = rank + 1
    return (0..<Int.bitWidth - bits.leadingZeroBitCount).filter { bits >> $0 & 1 == 1 }
  }

  // MARK: Options

  /// Pops the index of an option and goes on with it.
  func resolve(_ site: ChoiceSite, _ code: Code, _ span: SourceSpan) {
    guard case .integer(let option) = pop() else {
      push(.poison)
      if site.kind == .choose { jump(site.end, code) }
      return
    }
    if option < 0 { return mix(site, Relaxer.decision(ofMarker: option), code, span) }
    switch site.kind {
    case .choose:
      var rest = option
      for (part, count) in zip(site.options, optionCounts(site)) {
        guard rest >= count else {
          guard let slot = part.slot else { return jump(part.code, code) }
          if case .list(let list) = local(slot) { push(list.elements[rest]) } else { push(local(slot)) }
          return jump(site.end, code)
        }
        rest -= count
      }
      push(.poison)
      jump(site.end, code)
    case .range:
      if case .integer(let low) = local(site.slots[0]) { push(.integer(low + option)) } else { push(.poison) }
      trail?.endOption()
    case .pick, .some:
      guard let (elements, count) = elements(of: site, span) else { return push(.poison) }
      if site.kind == .pick, count == nil {
        push(option < elements.count ? elements[option] : .poison)
      } else {
        let members =
          site.kind == .some ? Self.subset(option) : Self.combination(option, elements.count, count ?? 1)
        push(.list(Value.List(members.map { elements[$0] })))
      }
      trail?.endOption()
    }
  }

  // MARK: Sampling

  /// Pops a layer and pushes it as one draw.
  func sample(_ path: DecisionPath, _ span: SourceSpan) {
    let value = pop()
    guard case .layer(let layer) = value else {
      if value.isPoison { return push(.poison) }
      return fail(
        Diagnostic(
          .notASpace, "`sample` draws from a space", at: span, label: "this is \(value.kindDescription)"))
    }
    guard leavesOpen(layer) else {
      return fail(
        Diagnostic(
          .notASpace, "`\(layer.name)` leaves nothing open", at: span, label: "there is nothing to draw",
          help: [.init("use it without `sample`")]))
    }
    let name = trail?.uniqueName(text(of: path)) ?? text(of: path)
    push(bounded(.layer(LayerValue(.sampled(name, layer), name: layer.name, span: span)), span))
  }

  /// Whether a layer is, or is made of, a space that is not sampled yet.
  private func leavesOpen(_ layer: LayerValue) -> Bool {
    // Layers may share parts, so each is looked at once.
    var seen: Set<ObjectIdentifier> = []
    var rest = [layer]
    while let layer = rest.popLast() {
      guard seen.insert(ObjectIdentifier(layer)).inserted else { continue }
      steps += 1
      switch layer.kind {
      case .module(let id, _, _): if names.modules[id].keyword == .space { return true }
      case .composition(let layers), .repetition(_, let layers): rest += layers
      case .mixture(let mixture): rest += mixture.layers
      case .shared(_, let inner): rest.append(inner)
      case .primitive, .sampled: break
      }
    }
    return false
  }

  // MARK: Reads

  /// How many edges lead into the elements of a list from its other elements and from the inputs of the cell.
  func reads(_ list: Value.List, _ span: SourceSpan) -> Value {
    guard let assembly else { return .poison }
    var sources: Set<Int> = []
    for tensor in frames[frames.count - 1].inputs { sources.insert(tensor.node.index) }
    if let slots = networkInputs { sources.formUnion(slots) }
    var count = 0
    var last = list.firstNode
    for element in list.elements {
      guard case .tensor(let tensor) = element else { continue }
      // An element that is an earlier value reads that one.
      if tensor.node.index < list.firstNode || !sources.insert(tensor.node.index).inserted { count += 1 }
      last = max(last, tensor.node.index + 1)
    }
    steps += last - list.firstNode
    for node in assembly.builder.nodes[list.firstNode..<last] {
      for input in node.inputs where sources.contains(input.index) { count += 1 }
    }
    return .integer(count)
  }

  /// The inputs of the space on top when it stands by itself.
  private var networkInputs: [Int]? {
    let frame = frames[frames.count - 1]
    guard frame.layer == nil, let module = frame.module else { return nil }
    let header = names.modules[module]
    return header.inputs.indices.compactMap { index in
      guard case .tensor(let tensor)? = frame.locals[header.parameters.count + index] else { return nil }
      return tensor.node.index
    }
  }
}
