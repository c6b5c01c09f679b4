# Takes a page of Markdown apart: every code block becomes a file FOLDER/NN.txt, and a line "NN LINE INFO..." is printed for
# it, with the line it starts on and the words behind its opening fence.
#
#     awk -v folder=FOLDER -f extract.awk PAGE.md
/^ *```/ {
    if (!inside) {
        inside = 1
        number++
        name = sprintf("%02d", number)
        file = folder "/" name ".txt"
        printf "" > file
        indent = index($0, "`") - 1
        info = $0
        sub(/^ *```/, "", info)
        print name, NR, info
    } else {
        inside = 0
        close(file)
    }
    next
}
inside {
    print substr($0, indent + 1) > file
}
END {
    if (inside) {
        print "a code block is not closed" > "/dev/stderr"
        exit 1
    }
}
