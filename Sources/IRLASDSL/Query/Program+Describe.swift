/// What can be said about a name: how it is written, what it does, where it is declared.
package struct SymbolDescription: Hashable, Sendable {
  /// The declaration in one line of the language: `cell Bottleneck(out, width, stride = 1)`.
  package var signature: String
  /// What it does; the documentation comment of what a program declares.
  package var documentation: String?
}

extension Program {
  /// Describes what a name stands for.
  package func describe(_ symbol: Symbol) -> SymbolDescription {
    switch symbol {
    case .module(let id):
      let header = names.modules[id]
      return SymbolDescription(
        signature: "\(header.keyword.rawValue) \(header.signature)",
        documentation: header.syntax.documentation)
    case .recipe(let index):
      let recipe = recipeDeclarations[index]
      return SymbolDescription(signature: "recipe \(recipe.name)", documentation: recipe.syntax.documentation)
    case .search(let span):
      return SymbolDescription(
        signature: "search \(text(span))", documentation: declaration(at: span)?.node.documentation)
    case .parameter(let module, let index):
      let header = names.modules[module]
      let parameter = header.parameters[index]
      let value = parameter.defaultValue.map { " = \(String($0.text.prefix(60)))" } ?? ""
      return SymbolDescription(
        signature: "\(parameter.name): \(parameter.type.name)\(value)",
        documentation: header.syntax.parameters[index].documentation)
    case .local(let span):
      let documentation = statement(binding: span)?.documentation
      return SymbolDescription(signature: text(span), documentation: documentation)
    case .label(let span): return SymbolDescription(signature: "\(text(span)):")
    case .alias(let span):
      guard let target = callee(symbol, in: Int(span.file.index)) else {
        return SymbolDescription(signature: text(span))
      }
      return describe(target)
    case .file(let index):
      return SymbolDescription(
        signature: "use \(sources.files[index].name)", documentation: files[index].tree.root.fileDocumentation
      )
    case .primitive(let index):
      let primitive = Primitive.all[index]
      return SymbolDescription(signature: primitive.signature, documentation: primitive.documentation)
    case .primitiveParameter(let primitive, let index):
      let parameter = Primitive.all[primitive].parameters[index]
      let value = parameter.defaultValue.map { " = \($0.text)" } ?? ""
      return SymbolDescription(
        signature: "\(parameter.name): \(parameter.type.name)\(value)",
        documentation: Primitive.all[primitive].signature)
    case .function(let function):
      return SymbolDescription(
        signature: function.documentation.signature, documentation: function.documentation.text)
    case .choice(let name): return Self.choice(name)
    case .metric(let metric):
      return SymbolDescription(signature: metric.rawValue, documentation: metric.documentation)
    case .member(let name):
      return SymbolDescription(
        signature: ".\(name)", documentation: Member(rawValue: name)?.documentation)
    case .padding(let name):
      return SymbolDescription(
        signature: name,
        documentation: name == "same"
          ? "padding so that the output has ceil(input / stride) rows and columns"
          : "no padding: only whole windows count")
    case .type(let name):
      return SymbolDescription(signature: name, documentation: Self.typeDocumentation(name))
    case .field(let name, let isSearch):
      let known = (isSearch ? SearchForm.fields : RecipeForm.fields).first { $0.name == name }
      return SymbolDescription(signature: "\(name):", documentation: known?.documentation)
    case .form(let field, let name):
      let form = FieldForm.forms(of: field).first { $0.name == name }
      return SymbolDescription(signature: form?.signature ?? name, documentation: form?.documentation)
    case .attribute(let name):
      return SymbolDescription(
        signature: "@\(name)",
        documentation: name == "atomic" ? "counts as one node where the topology of cells is compared" : nil)
    }
  }

  /// Where a name is declared; nil for the language's own names.
  package func definition(of symbol: Symbol) -> SourceSpan? {
    switch symbol {
    case .module(let id): names.modules[id].nameSpan
    case .recipe(let index): recipeDeclarations[index].syntax.name?.span
    case .parameter(let module, let index):
      names.modules[module].syntax.parameters[index].name?.span
        ?? names.modules[module].parameters[index].span
    case .search(let span), .local(let span), .label(let span), .alias(let span): span
    case .file(let index): SourceSpan(file: SourceID(index), 0..<0)
    default: nil
    }
  }

  /// The statement that binds the name at a span, for its documentation.
  private func statement(binding span: SourceSpan) -> SyntaxNode? {
    guard let module = module(at: Int(span.lower), in: span.file) else { return nil }
    for statement in names.modules[module].syntax.statements
    where statement.span.lower <= span.lower && span.upper <= statement.span.upper {
      return statement.node
    }
    return nil
  }

  /// The cell, network or space of a file whose text holds a byte.
  package func module(at offset: Int, in file: SourceID) -> Int? {
    names.modules.first { header in
      header.file == Int(file.index) && header.syntax.span.range.contains(offset)
        || header.file == Int(file.index) && Int(header.syntax.span.upper) == offset
    }?.id
  }

  /// The name, keyword and number of parameters of a module.
  package func module(_ id: Int) -> (
    name: String, keyword: ModuleSyntax.Keyword, syntax: ModuleSyntax, file: Int
  ) {
    let header = names.modules[id]
    return (header.name, header.keyword, header.syntax, header.file)
  }

  /// The modules that a file declares, in the order of the text.
  package func modules(in file: SourceID) -> [Int] {
    names.modules.indices.filter { names.modules[$0].file == Int(file.index) }
  }

  /// Whether an application of the module needs the other operands of a sum.
  package func needsPeer(_ module: Int) -> Bool { names.modules[module].needsPeer }

  /// The type that a parameter is declared with or takes from its default; nil for one without either.
  package func typeName(ofParameter index: Int, of module: Int) -> String? {
    let type = names.modules[module].parameters[index].type
    return type == .number || type == .any ? nil : type.name
  }

  /// What a name at the top of a file stands for there, a primitive or function included.
  package func visible(_ name: String, in file: SourceID) -> Symbol? {
    switch names.lookUp(name, in: Int(file.index)) {
    case .module(let id)?: .module(id)
    case .recipe(let index)?: .recipe(index)
    case .search?: nil
    case nil:
      Primitive.indices[name].map(Symbol.primitive) ?? NumericFunction(rawValue: name).map(Symbol.function)
    }
  }

  /// The edit that adds `use std`; nil when the file has it.
  package func useOfStandard(in file: SourceID) -> Diagnostic.Edit? {
    names.scopes[Int(file.index)].useOfStandard
  }

  /// The names that a file declares or uses.
  package func declaredNames(in file: SourceID) -> Set<String> {
    let scope = names.scopes[Int(file.index)]
    return Set(scope.own.keys).union(scope.imported.keys)
  }

  /// The text of the standard library.
  package static var standardLibrary: [UInt8] { PackageResources.std_irlas }

  /// The file of the standard library.
  package var standardFile: SourceID { SourceID(names.standardFile) }

  /// The tree of a file.
  package func tree(of file: SourceID) -> SyntaxTree? {
    Int(file.index) < files.count ? files[Int(file.index)].tree : nil
  }

  /// The text of a span, without backquotes.
  package func text(_ span: SourceSpan) -> String {
    let text = sources[span.file]?.text(span) ?? ""
    return text.count >= 2 && text.hasPrefix("`") && text.hasSuffix("`")
      ? String(text.dropFirst().dropLast()) : text
  }

  private func declaration(at span: SourceSpan) -> DeclarationSyntax? {
    files[Int(span.file.index)].tree.root.declarations.first {
      $0.span.lower <= span.lower && span.upper <= $0.span.upper
    }
  }

  private static func choice(_ name: String) -> SymbolDescription {
    switch name {
    case "choose":
      SymbolDescription(
        signature: "choose(a, label: b, odds: [3, 1])",
        documentation: "one of the options; a decision of its own")
    case "pick":
      SymbolDescription(
        signature: "pick(xs...)",
        documentation: "one of the tensors; `pick(2, xs...)` picks two distinct ones")
    case "some":
      SymbolDescription(
        signature: "some(xs...)", documentation: "any selection of the tensors but the empty one")
    default:
      SymbolDescription(signature: "maybe(f)", documentation: "the layer, or identity")
    }
  }

  private static func typeDocumentation(_ name: String) -> String? {
    switch name {
    case "Int": "a whole number"
    case "Float": "a number"
    case "Bool": "true or false"
    case "Kernel": "the size of a window, height x width: 3x3"
    case "Layer": "a primitive, a cell or a chain of them, not yet applied"
    case "Shape": "[channels, height, width]"
    case "Padding": "same, valid, n, [h, w] or [top, left, bottom, right]"
    default: nil
    }
  }
}

extension Metric {
  /// What the figure is, in one line.
  package var documentation: String {
    switch self {
    case .params: "learned numbers of the whole network"
    case .macs: "multiply-accumulates of convolutions and linear layers for one sample"
    case .depth: "the largest number of weighted layers on a path from input to output"
    }
  }
}

extension Member {
  /// What the attribute or method is, in one line.
  var documentation: String {
    switch self {
    case .c: "the number of channels"
    case .h: "the height"
    case .w: "the width"
    case .shape: "[channels, height, width]"
    case .at: "the element at an index, from 0"
    case .size: "the number of elements"
    case .first: "the first n elements"
    case .last: "the last element"
    case .sum: "the sum of the elements"
    case .leaves: "the elements that no other element reads"
    case .reads: "the number of edges into the elements"
    }
  }
}
