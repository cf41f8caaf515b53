/*
 * The limit of an SFTP server: threads that write small files and rename them, and do
 * nothing else. sftp-loop PORT USER KEY FOLDER CONNECTIONS FILES SIZE
 */
#include <arpa/inet.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *user, *key, *folder;
static int port, files, size;

static void check(int ok, const char *what)
{
	if (!ok) {
		(void)fprintf(stderr, "sftp-loop: %s\n", what);
		exit(1);
	}
}

static LIBSSH2_SESSION *log_in(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((unsigned short)port),
		                  .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	LIBSSH2_SESSION *ssh = libssh2_session_init();

	check(connect(s, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	check(libssh2_session_handshake(ssh, s) == 0, "handshake");
	check(libssh2_userauth_publickey_fromfile(ssh, user, NULL, key, NULL) == 0,
	      "login");
	return ssh;
}

static void put(LIBSSH2_SFTP *sftp, const char *data, const char *temporary,
                const char *name)
{
	LIBSSH2_SFTP_HANDLE *file = libssh2_sftp_open(
		sftp, temporary, LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC,
		0600);

	check(file != NULL, "open");
	for (int at = 0; at < size;) {
		ssize_t n = libssh2_sftp_write(file, data + at, (size_t)(size - at));

		check(n > 0, "write");
		at += (int)n;
	}
	check(libssh2_sftp_close(file) == 0, "close");
	check(libssh2_sftp_rename(sftp, temporary, name) == 0, "rename");
}

static void *run(void *arg)
{
	int number = *(int *)arg;
	LIBSSH2_SFTP *sftp = libssh2_sftp_init(log_in());
	char *data = calloc(1, (size_t)size), temporary[512], name[512];

	check(sftp != NULL, "sftp");
	for (int i = 0; i < files; i++) {
		(void)snprintf(temporary, sizeof(temporary), "%s/.%d-%d.tmp", folder,
		               number, i);
		(void)snprintf(name, sizeof(name), "%s/%d-%d", folder, number, i);
		put(sftp, data, temporary, name);
	}
	free(data);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	int numbers[64];

	check(argc == 8, "PORT USER KEY FOLDER CONNECTIONS FILES SIZE");
	port = atoi(argv[1]);
	user = argv[2];
	key = argv[3];
	folder = argv[4];
	int n = atoi(argv[5]);
	files = atoi(argv[6]) / n;
	size = atoi(argv[7]);
	check(n > 0 && n <= 64 && libssh2_init(0) == 0, "init");
	for (int i = 0; i < n; i++) {
		numbers[i] = i;
		check(pthread_create(&threads[i], NULL, run, &numbers[i]) == 0, "thread");
	}
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
