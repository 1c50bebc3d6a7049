// C++ new and delete: each must be counted once. Counting is on from the start (the driver says so)
// and the program's own figure is the difference that it prints nothing about: sizes of 1 MiB and
// more are only asked for here.
#include <new>

int main()
{
    for (int i = 0; i < 3; i++) {
        void *block = ::operator new(1 << 20);
        ::operator delete(block);
        char *array = new char[1 << 20];
        *const_cast<char volatile *>(array) = 'x';
        delete[] array;
    }
}
