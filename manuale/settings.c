#include "settings.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "say.h"

enum { OPTIONS_MAX = 16, KEY_SIZE_LEAST = 2048, KEY_SIZE_MOST = 16384 };

/* Options that have no short form have a letter too, which getopt is not told of. */
static const struct {
	char letter;
	bool is_short;
	const char *name;
	const char *value; /* as the help shows it; NULL: a flag */
	const char *text;
} options[] = {
	{'s', true, "server", "URL",
	 "the ACME directory of the CA (default: that of Let's Encrypt)"},
	{'a', true, "account", "FILE", "the account file (default: account.json)"},
	{'v', true, "verbose", NULL, "show what is done"},
	{'h', true, "help", NULL, "show this help; after a command, that of the command"},
	{'m', true, "method", "dns|http", "how the CA checks the domains (default: dns)"},
	{'b', true, "key-size", "BITS", "the size of the RSA key that is made (default: 4096)"},
	{'k', true, "key-file", "FILE", "use the private key in FILE instead of a new one"},
	{'C', false, "csr-file", "FILE", "use the certificate request in FILE"},
	{'o', true, "output", "DIR", "the folder for the files (default: the working directory)"},
	{'F', false, "output-filename", "NAME",
	 "the name of the files without suffix (default: the first domain)"},
	{'S', false, "ocsp-must-staple", NULL, "ask for the OCSP must-staple extension"},
	{'N', false, "no-ocsp-must-staple", NULL, "do not ask for it (default)"},
	{'c', true, "certbot-path", "DIR",
	 "Certbot's configuration directory (default: /etc/letsencrypt)"},
};

static const char of_program[] = "savh";

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

/* What getopt needs. */
struct grammar {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTION_COUNT + 1];
};

/* Fills GRAMMAR, which is zeroed, for the options with LETTERS. PREFIX: "+" if the options end at
 * the first word. */
static void
make_grammar(struct grammar *grammar, const char *prefix, const char *letters)
{
	struct option *name = grammar->names;
	char *at = stpcpy(stpcpy(grammar->letters, prefix), ":");

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strchr(letters, options[i].letter) == NULL)
			continue;
		if (options[i].is_short) {
			*at++ = options[i].letter;
			if (options[i].value != NULL)
				*at++ = ':';
		}
		name->name = options[i].name;
		name->has_arg = options[i].value != NULL ? required_argument : no_argument;
		name->val = (unsigned char)options[i].letter;
		name++;
	}
	*at = '\0';
}

static int
read_key_size(const char *text)
{
	char *end;
	long size = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || size < KEY_SIZE_LEAST || size > KEY_SIZE_MOST)
		die_usage("\"%s\" is not a key size: give a number of bits from %d to %d", text,
			  KEY_SIZE_LEAST, KEY_SIZE_MOST);
	return (int)size;
}

static const char *
read_method(const char *text)
{
	if (strcmp(text, "dns") != 0 && strcmp(text, "http") != 0)
		die_usage("there is no method \"%s\": give dns or http", text);
	return text;
}

static void
set(struct settings *settings, int letter, const char *value)
{
	switch (letter) {
	case 's': settings->server = value; break;
	case 'a': settings->account = value; break;
	case 'v': settings->verbose = true; break;
	case 'h': settings->help = true; break;
	case 'm': settings->method = read_method(value); break;
	case 'b': settings->key_size = read_key_size(value); break;
	case 'k': settings->key_file = value; break;
	case 'C': settings->csr_file = value; break;
	case 'o': settings->output = value; break;
	case 'F': settings->output_filename = value; break;
	case 'S': settings->must_staple = true; break;
	case 'N': settings->must_staple = false; break;
	case 'c': settings->certbot_path = value; break;
	default: break;
	}
}

/* Sets the options with LETTERS; returns where the words begin. */
static int
read_options(int argc, char **argv, const char *prefix, const char *letters,
	     struct settings *settings)
{
	struct grammar grammar = {0};
	int letter;

	make_grammar(&grammar, prefix, letters);
	optind = 0; /* GNU: begin anew */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, grammar.letters, grammar.names, NULL)) != -1) {
		const char *word = argv[optind > 1 ? optind - 1 : 1];

		if (letter == ':')
			die_usage("the option \"%s\" needs a value: see \"manuale -h\"", word);
		if (letter == '?' && optopt != 0 && strncmp(word, "--", 2) != 0)
			die_usage("there is no option \"-%c\" here: see \"manuale -h\"", optopt);
		if (letter == '?')
			die_usage("there is no option \"%s\" here: see \"manuale -h\"", word);
		set(settings, letter, optarg);
	}
	return optind;
}

static const struct command *
find_command(const char *name, const struct command *commands, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	die_usage("there is no command \"%s\": see \"manuale -h\"", name);
}

static void
check_words(const struct command *command, const struct settings *settings)
{
	size_t count = settings->word_count;

	if (count < command->least)
		die_usage("the command \"%s\" needs %s: see \"manuale %s -h\"", command->name,
			  command->words, command->name);
	if (count > command->most)
		die_usage("the command \"%s\" has no use for \"%s\": see \"manuale %s -h\"",
			  command->name, settings->words[command->most], command->name);
	for (size_t i = 0; i < count; i++)
		if (*settings->words[i] == '\0')
			die_usage("an argument of the command \"%s\" is empty", command->name);
}

void
settings_read(int argc, char **argv, const struct command *commands, size_t count,
	      struct settings *settings, const struct command **command)
{
	int first;

	*settings = (struct settings){
		.server = "https://acme-v02.api.letsencrypt.org/directory",
		.account = "account.json",
		.output = ".",
		.certbot_path = "/etc/letsencrypt",
	};
	*command = NULL;
	first = read_options(argc, argv, "+", of_program, settings);
	if (first == argc)
		return;
	*command = find_command(argv[first], commands, count);
	argc -= first;
	argv += first;
	first = read_options(argc, argv, "", (*command)->options, settings);
	settings->words = (const char *const *)argv + first;
	settings->word_count = (size_t)(argc - first);
	if (!settings->help)
		check_words(*command, settings);
}

static void
print_options(const char *letters)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		char *left;

		if (strchr(letters, options[i].letter) == NULL)
			continue;
		left = format("%s%c%s--%s%s%s", options[i].is_short ? "-" : " ",
			      options[i].is_short ? options[i].letter : ' ',
			      options[i].is_short ? ", " : "  ", options[i].name,
			      options[i].value != NULL ? " " : "",
			      options[i].value != NULL ? options[i].value : "");
		printf("  %-30s %s\n", left, options[i].text);
		free(left);
	}
}

void
settings_help(const struct command *commands, size_t count, const struct command *command)
{
	if (command != NULL) {
		printf("usage: manuale [OPTION...] %s%s%s%s\n\n%s\n\n", command->name,
		       *command->words != '\0' ? " " : "", command->words,
		       strcmp(command->options, "h") == 0 ? "" : " [OPTION...]", command->text);
		print_options(command->options);
		printf("\nThe options before the command: see \"manuale -h\".\n");
		return;
	}
	printf("usage: manuale [OPTION...] COMMAND [ARGUMENT...]\n\n"
	       "Gets certificates from an ACME CA step by step. Nothing is installed, and root is "
	       "not\nneeded: you put records or files in place, and manuale asks the CA.\n\n");
	for (size_t i = 0; i < count; i++) {
		char *left = format("%s%s%s", commands[i].name,
				    *commands[i].words != '\0' ? " " : "", commands[i].words);

		printf("  %-30s %s\n", left, commands[i].summary);
		free(left);
	}
	printf("\n");
	print_options(of_program);
	printf("\n\"manuale COMMAND -h\" shows the help of a command. See manuale(1).\n");
}
