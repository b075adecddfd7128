import IRLASGraph

/// Reads the fields of recipes and searches; what cannot be read is reported and left at its default.
struct FieldReader {
  /// The program whose names values may use.
  let program: Program
  /// The file whose scope the values are read in.
  let file: Int
  /// What was wrong with the fields so far.
  private(set) var diagnostics: [Diagnostic] = []

  /// Reads in the scope of a file.
  init(program: Program, file: Int) {
    self.program = program
    self.file = file
  }

  /// Adds a message.
  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  /// The value of an expression without tensors; nil after a report.
  private mutating func value(_ expression: ExpressionSyntax) -> Value? {
    let (code, problems) = Lowering.lower(value: expression, names: program.names, file: file)
    diagnostics += problems
    guard problems.isEmpty else { return nil }
    let machine = Machine(names: program.names, codes: program.codes, limits: program.limits, assembly: nil)
    let value = machine.evaluate(code)
    diagnostics += machine.diagnostics
    return value.isPoison || !machine.diagnostics.isEmpty ? nil : value
  }

  /// The value of an argument, as what it may be; nil after a report.
  mutating func argument(
    _ expression: ExpressionSyntax, _ argument: FieldForm.Argument, _ name: String
  )
    -> Value?
  {
    switch argument {
    case .word(let words):
      if case .name(let word) = expression, words.contains(word.name) { return .string(word.name) }
      var near: String?
      if case .name(let word) = expression { near = nearest(to: word.name, among: words) }
      diagnostics.append(
        Diagnostic(
          .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
          label: near.map { "did you mean `\($0)`?" } ?? "not one of them",
          help: near.map { [.init("write `\($0)`", edits: [.init(expression.span, $0)])] } ?? []))
      return nil
    case .recipe:
      guard case .name(let word) = expression else { break }
      if case .recipe? = program.names.lookUp(word.name, in: file) { return .string(word.name) }
      let near = nearest(to: word.name, among: program.recipes)
      diagnostics.append(
        Diagnostic(
          .unknownName, "no recipe named `\(word.name)`", at: expression.span,
          label: near.map { "did you mean `\($0)`?" } ?? "not known here",
          help: near.map { [.init("write `\($0)`", edits: [.init(expression.span, $0)])] } ?? []))
      return nil
    default: break
    }
    if case .output = argument {
      if case .name(let output) = expression {
        if let doubt = program.doubt(ofOutput: output, in: file) { diagnostics.append(doubt) }
        return .string(output.name)
      }
      diagnostics.append(
        Diagnostic(
          .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
          label: "for example `of: logits`, where the network says `return logits: x`"))
      return nil
    }
    guard let value = value(expression) else { return nil }
    if let accepted = argument.accept(value) { return accepted }
    diagnostics.append(
      Diagnostic(
        .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
        label: "this is \(value.kindDescription)"))
    return nil
  }

  /// A word of one of the given forms with its arguments by parameter, defaults filled in; nil after a report.
  mutating func form(_ expression: ExpressionSyntax, of forms: [FieldForm], _ what: String) -> (
    name: String, values: [Value?]
  )? {
    let name: String
    let nameSpan: SourceSpan
    var arguments: [ArgumentSyntax] = []
    switch expression {
    case .missing: return nil
    case .parenthesized(let inner) where inner.expression.node.kind != .parenthesized:
      return form(inner.expression, of: forms, what)
    case .name(let view): (name, nameSpan) = (view.name, view.span)
    case .call(let view): (name, nameSpan, arguments) = (view.name.name, view.name.span, view.arguments)
    default:
      diagnostics.append(
        Diagnostic(
          .invalidField, "this is no \(what)", at: expression.span,
          label: choices(forms)))
      return nil
    }
    guard let form = forms.first(where: { $0.name == name }) else {
      let near = nearest(to: name, among: forms.map(\.name))
      diagnostics.append(
        Diagnostic(
          .invalidField, "no \(what) named `\(name)`", at: nameSpan,
          label: near.map { "did you mean `\($0)`?" }
            ?? choices(forms),
          help: near.map { [.init("write `\($0)`", edits: [.init(nameSpan, $0)])] } ?? []))
      return nil
    }
    return values(of: form, arguments, expression.span).map { (form.name, $0) }
  }

  private func choices(_ forms: [FieldForm]) -> String {
    forms.count == 1
      ? "there is only `\(forms[0].name)`" : "there are \(forms.map(\.name).joined(separator: ", "))"
  }

  private mutating func values(of form: FieldForm, _ arguments: [ArgumentSyntax], _ span: SourceSpan)
    -> [Value?]?
  {
    var values = [Value?](repeating: nil, count: form.parameters.count)
    var given: Set<Int> = []
    var position = 0
    var failed = false
    for view in arguments {
      let label = view.label?.name
      let target = label.map { name in form.parameters.firstIndex { $0.name == name } } ?? position
      if label == nil { position += 1 }
      guard let target, target < form.parameters.count else {
        let near = label.flatMap { nearest(to: $0, among: form.parameters.map(\.name)) }
        let place = view.label?.span ?? view.span
        diagnostics.append(
          Diagnostic(
            label == nil ? .tooManyArguments : .unknownArgument,
            label.map { "`\(form.name)` has no parameter `\($0)`" }
              ?? "`\(form.name)` has \(counted(form.parameters.count, "parameter"))",
            at: place, label: near.map { "did you mean `\($0)`?" } ?? "", notes: ["it is \(form.signature)"],
            help: near.map { [.init("write `\($0)`", edits: [.init(place, $0)])] } ?? []))
        failed = true
        continue
      }
      guard given.insert(target).inserted else {
        diagnostics.append(
          Diagnostic(.duplicateArgument, "`\(form.parameters[target].name)` is given twice", at: view.span))
        failed = true
        continue
      }
      values[target] = argument(view.value, form.parameters[target].argument, form.parameters[target].name)
      if values[target] == nil { failed = true }
    }
    for (index, parameter) in form.parameters.enumerated() where !given.contains(index) {
      values[index] = parameter.defaultValue
      if parameter.defaultValue == nil, !parameter.isOptional {
        diagnostics.append(
          Diagnostic(
            .missingArgument, "`\(form.name)` needs `\(parameter.name)`", at: span,
            label: "\(parameter.name): \(parameter.argument.name)"))
        failed = true
      }
    }
    return failed ? nil : values
  }

  /// A whole number of the given range.
  mutating func int(_ field: FieldSyntax, _ name: String, _ range: ClosedRange<Int>) -> Int? {
    guard case .integer(let number)? = argument(field.value, .int(range), name) else { return nil }
    return number
  }
}
