" Syntax of IRLAS programs.
if exists("b:current_syntax")
  finish
endif

syntax keyword irlasDeclaration cell network space recipe search check use as
syntax keyword irlasKeyword in return shared grow require then and or not sample repeat each if else
syntax keyword irlasConstant true false peer same valid
syntax keyword irlasType Int Float Bool Kernel Layer Shape Padding
syntax keyword irlasChoice choose pick some maybe
syntax match irlasVersion /^irlas\s\+\d\+/
syntax match irlasNumber /\<\d[0-9_]*\(\.\d[0-9_]*\)\?\([eE][-+]\?\d\+\)\?\(KiB\|MiB\|GiB\|ms\|[KMGsmh]\)\?\>/
syntax match irlasKernel /\<\d\+x\d\+\>/
syntax match irlasLabel /\<\h\w*\ze\s*:/
syntax match irlasCall /\<\h\w*\ze(/
syntax match irlasOperator /->\|==\|!=\|<=\|>=\|\.\.\|[-+*\/%<>=]/
syntax match irlasAttribute /@\h\w*/
syntax region irlasString start=/"/ skip=/\\./ end=/"/ oneline
syntax region irlasQuoted start=/`/ end=/`/ oneline
syntax match irlasComment /\/\/.*$/ contains=irlasNote
syntax match irlasDocumentation /\/\/[\/!].*$/
syntax keyword irlasNote NOTE contained

highlight default link irlasDeclaration Keyword
highlight default link irlasKeyword Statement
highlight default link irlasConstant Constant
highlight default link irlasType Type
highlight default link irlasChoice Special
highlight default link irlasVersion PreProc
highlight default link irlasNumber Number
highlight default link irlasKernel Number
highlight default link irlasLabel Identifier
highlight default link irlasCall Function
highlight default link irlasOperator Operator
highlight default link irlasAttribute PreProc
highlight default link irlasString String
highlight default link irlasComment Comment
highlight default link irlasDocumentation SpecialComment
highlight default link irlasNote Todo

let b:current_syntax = "irlas"
