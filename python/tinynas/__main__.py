from tinynas._cli import main

main()
