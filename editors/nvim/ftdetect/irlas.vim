autocmd BufRead,BufNewFile *.irlas setfiletype irlas
