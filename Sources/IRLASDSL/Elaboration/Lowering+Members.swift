import IRLASGraph

extension Lowering {
  /// Lowers attributes and methods, and names of used files.
  func lowerPostfix(_ view: PostfixSyntax, _ context: Context) {
    var members = view.members[...]
    let qualified = lowerQualified(view, context)
    if qualified { members = members.dropFirst() }
    var isLost = false
    if !qualified, case .name(let base) = view.base { isLost = !isKnown(base.name) }
    schedule { sequence in
      if !qualified { sequence.value(view.base, context) }
      for member in members { sequence.run { $0.lowerMember(member, ofUnknown: isLost, context) } }
    }
  }

  /// `std.fit`: a name of a used file. Emits the call and returns true when the base is the name of such a file.
  private func lowerQualified(_ view: PostfixSyntax, _ context: Context) -> Bool {
    guard case .name(let base) = view.base, find(base.name) == nil,
      names.lookUp(base.name, in: file) == nil, let member = view.members.first, let token = member.name
    else { return false }
    guard let target = names.scopes[file].files[base.name] else {
      if let target = names.scopes[file].quotedFiles[base.name], !isKnown(base.name) {
        schedule { $0.run { $0.fail($0.quoted(base, token, target), view.span) } }
        return true
      }
      guard base.name == "std", laterNames["std"] == nil, !names.scopes[file].hasFailedUse else {
        return false
      }
      let help =
        names.scopes[file].useOfStandard.map { [Diagnostic.Help("add `use std`", edits: [$0])] } ?? []
      schedule {
        $0.run {
          $0.fail(
            Diagnostic(
              .unknownName, "this file does not use `std`", at: base.span, label: "not known here", help: help
            ),
            view.span)
        }
      }
      return true
    }
    let span = base.span.union(member.span)
    if target == names.standardFile, names.scopes[target].own[token.name] == nil,
      let index = Primitive.indices[token.name]
    {
      // The language's own layer, whatever the file declares under its name.
      schedule {
        $0.run {
          $0.lowerPrimitive(index, member.arguments ?? [], span, context)
        }
      }
      return true
    }
    guard case .module(let id)? = names.scopes[target].own[token.name] else {
      var candidates = names.scopes[target].own.keys.sorted()
      if target == names.standardFile { candidates += Primitive.all.map(\.name) }
      let near = self.near(token.name, candidates)
      schedule {
        $0.run {
          $0.fail(
            Diagnostic(
              .unknownLayer, "`\(base.name)` has no layer named `\(token.name)`", at: token.span,
              label: near.map { "did you mean `\($0)`?" } ?? ""), view.span)
        }
      }
      return true
    }
    schedule {
      $0.run {
        $0.lowerModule(
          id, nameSpan: token.span, arguments: member.arguments ?? [], span: span, context)
      }
    }
    return true
  }

  /// The message for `mobile.Block` where the file is used as "mobile.irlas".
  private func quoted(_ base: NameSyntax, _ token: TokenSyntax, _ target: Int) -> Diagnostic {
    let declaration = names.scopes[target].own[token.name]
    var help: [Diagnostic.Help] = []
    if let declaration, names.lookUp(token.name, in: file) == declaration {
      let prefix = SourceSpan(file: base.span.file, lower: base.span.lower, upper: token.span.lower)
      help.append(.init("write `\(token.name)`", edits: [.init(prefix, "")]))
    } else if declaration != nil {
      help.append(.init("name it where the file is used: { \(token.name) }"))
    }
    return Diagnostic(
      .unknownName, "no value named `\(base.name)`: a file used by its path brings its names as they are",
      at: base.span, label: "not known here", help: help)
  }

  /// `isLost`: what it is a member of has been reported as unknown.
  private func lowerMember(_ view: MemberSyntax, ofUnknown isLost: Bool, _ context: Context) {
    guard let token = view.name else {
      emit(.pop, view.span)
      return emit(.constant(.poison), view.span)
    }
    guard let member = Member(rawValue: token.name) else {
      if names.outputLabels.contains(token.name), view.arguments == nil {
        return emit(.output(token.name), token.span)
      }
      emit(.pop, view.span)
      if isLost { return emit(.constant(.poison), view.span) }
      let near = counterpartOfMember(token.name) ?? self.near(token.name, Member.allCases.map(\.rawValue))
      return fail(
        Diagnostic(
          .unknownMember, "no value has an attribute `\(token.name)`", at: token.span,
          label: near.map { "did you mean `\($0)`?" }
            ?? "tensors have c, h, w and shape; lists have at, size, first, last, sum, leaves, reads",
          help: near.map { [.init("write `\($0)`", edits: [.init(token.span, $0)])] } ?? []),
        view.span)
    }
    let arguments = view.arguments ?? []
    guard arguments.count == member.arity, arguments.allSatisfy({ $0.label == nil }) else {
      emit(.pop, view.span)
      return fail(
        Diagnostic(
          arguments.count < member.arity ? .missingArgument : .tooManyArguments,
          "`\(member.rawValue)` takes \(counted(member.arity, "argument")) without labels", at: view.span),
        view.span)
    }
    schedule { sequence in
      for argument in arguments { sequence.value(argument.value, context) }
      sequence.emit(.member(member, argumentCount: arguments.count), token.span)
    }
  }
}
